"""Write docs/releases.md from what scripts/matrix.sh has found out.

scripts/run.sh release_table RESULTS FILE
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

CONSTRAINTS = Path(__file__).parent / "constraints"
HEAD = """\
# Releases of vLLM

Written by `scripts/matrix.sh`, which runs the converter, HTTP-app, Harmony and
activation tests on each release."""


@dataclass(frozen=True)
class Session:
    """The tests on one release.

    Attributes:
        counts: tests that passed, failed, were skipped, or failed as they have to.
        reasons: why a test was skipped or had to fail, and how many were.
    """

    release: str
    packages: dict[str, str]
    patches: list[dict[str, Any]]
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


def main() -> None:
    results, written = map(Path, sys.argv[1:])
    tests, latest, engine = (
        sorted(_sessions(results, name), key=_version)
        for name in ("tests", "latest", "engine")
    )
    sections = [
        HEAD,
        "## Patches",
        "✓: applied. =: not needed, as the patch's probe finds no fault. Otherwise "
        "what `vllm-responses-fix status` says. What a kit does on a release that is "
        "newer than it: [day-one.md](day-one.md).",
        _patches(tests),
        "## Tests",
        "Every package as of the day after the release came out. The newest release "
        "has more of them, as the series for vLLM (tests/staging) is tried there, too; "
        "with the newest packages it is not.",
        _counts(tests),
        *_without_result(tests),
    ]
    if latest:
        sections += [
            "With the newest openai, pydantic and transformers that the release allows "
            "(`scripts/matrix.sh --latest`):",
            _counts(latest),
        ]
    if engine:
        sections += [
            "The bug report on a real engine, without the kit and with it "
            "(`scripts/matrix.sh --engine`):",
            _counts(engine),
        ]
    sections += _reasons([*tests, *latest])
    written.write_text("\n\n".join(sections) + "\n", encoding="utf-8")
    print(f"Written: {written}", file=sys.stderr)


def _sessions(results: Path, name: str) -> Iterable[Session]:
    # What was interrupted has not written its last file.
    for tests in results.glob(f"{name}-*/tests.xml"):
        folder = tests.parent
        described = json.loads((folder / "release.json").read_text())
        session = Session(
            described["vllm"], described["packages"], described["status"]["patches"]
        )
        for case in ElementTree.parse(tests).iter("testcase"):
            outcome, reason = _outcome(case)
            session.counts[outcome] += 1
            if reason:
                session.reasons[f"{outcome}: {reason}"] += 1
        yield session


def _outcome(case: ElementTree.Element) -> tuple[str, str]:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed", ""
    skipped = case.find("skipped")
    if skipped is None:
        return "passed", ""
    reason = skipped.get("message", "")
    is_expected = skipped.get("type") == "pytest.xfail"
    return ("must fail" if is_expected else "skipped"), reason


def _version(session: Session) -> tuple[int, ...]:
    return tuple(int(part) for part in session.release.split("."))


def _patches(sessions: Sequence[Session]) -> str:
    names = [patch["name"] for patch in sessions[-1].patches]
    rows = [
        [f"`{name}`", *(_mark(_patch(session, name)) for session in sessions)]
        for name in names
    ]
    return _table(["patch", *(session.release for session in sessions)], rows)


def _patch(session: Session, name: str) -> dict[str, Any]:
    return next(patch for patch in session.patches if patch["name"] == name)


def _mark(patch: dict[str, Any]) -> str:
    if patch["state"] == "applied":
        return "✓"
    if patch["state"] == "not needed":
        return "="
    return patch["state"]


def _counts(sessions: Sequence[Session]) -> str:
    shown = ("openai", "pydantic", "transformers")
    outcomes = ("passed", "failed", "skipped", "must fail")
    rows = [
        [
            session.release,
            *(session.packages[name] for name in shown),
            *(str(session.counts[outcome]) for outcome in outcomes),
        ]
        for session in sessions
    ]
    return _table(["vLLM", *shown, *outcomes], rows)


def _without_result(sessions: Sequence[Session]) -> list[str]:
    lines = (CONSTRAINTS / "matrix.releases").read_text().splitlines()
    releases = [line.split()[0] for line in lines if line and line[0] != "#"]
    tested = {session.release for session in sessions}
    missing = [release for release in releases if release not in tested]
    return [f"**No result: {', '.join(missing)}**"] if missing else []


def _reasons(sessions: Sequence[Session]) -> list[str]:
    releases: dict[str, dict[str, int]] = {}
    for session in sessions:
        for reason, count in session.reasons.items():
            releases.setdefault(reason, {})[session.release] = count
    lines = [
        f"- {reason} ({', '.join(f'{n} on {release}' for release, n in where.items())})"
        for reason, where in sorted(releases.items())
    ]
    if not lines:
        return []
    return [
        "Tests that must fail assert what stock vLLM did wrong before it was mended. "
        "Reasons:",
        "\n".join(lines),
    ]


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
