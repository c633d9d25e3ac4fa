"""How much of the kit is active on the day that a release of vLLM comes out.

    scripts/run.sh day_one                   writes docs/day-one.md
    scripts/run.sh day_one 0.33.0            prints one column
    scripts/run.sh day_one --tests 0.33.0    runs the tests, and writes their row there

For each release, in its environment of the matrix, a kit decides that has not seen any
source that the release brought: what a kit of the release before would have done. The
tests of a release take minutes.
"""

import argparse
import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from documents.step_tests import StepTests, run_step_tests  # noqa: E402

DOCUMENT = ROOT / "docs" / "day-one.md"
CONSTRAINTS = ROOT / "scripts" / "constraints" / "matrix.releases"
ENVIRONMENTS = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    / "vllm-responses-fix"
    / "matrix"
    / "environments"
)
HEAD = """\
# The day a release comes out

Written by `scripts/run.sh day_one`. For each release of vLLM, what a kit does that
knows only the sources of the releases before it: ✓ active, = not needed (the probe
finds no fault), ✗ refused, with vLLM's own behaviour in that place. A refused patch
says in the log which function differs; the others stay."""
TESTED = """\
## The tests on that day

Written by `scripts/run.sh day_one --tests`: the converter, HTTP and Harmony tests of
each release with the kit that knows only those before it. A test that guards a refused
patch, or only works with it, has to do what it does where that patch is switched off:
fail at the same line with the same words, ids and numbers aside. All other tests have
to pass, and none may fail that passes on stock vLLM, where a turn would be right that
is wrong with the kit.

| release | refused | pass | guards of the refused | others that need them | of both, as if off | others that fail | fail, and pass on stock |
|---|---|---|---|---|---|---|---|
"""  # noqa: E501


def main() -> None:
    parser = argparse.ArgumentParser(
        description="What a kit does on the day that a release of vLLM comes out."
    )
    parser.add_argument("releases", nargs="*", help="default: all; writes the document")
    parser.add_argument(
        "--tests", action="store_true", help="run the tests of these releases"
    )
    parser.add_argument("--decide", metavar="BEFORE", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.decide:
        print(json.dumps(_decide(arguments.decide)))
        return
    releases = [
        line.split()[0]
        for line in CONSTRAINTS.read_text().splitlines()
        if line and line[0] != "#"
    ]
    wanted = arguments.releases or releases[1:]
    steps = [step for step in pairwise(releases) if step[1] in wanted]
    if arguments.tests:
        for before, release in steps:
            _test(release, before)
        return
    columns = {release: _column(release, before) for before, release in steps}
    text = _written(columns)
    if arguments.releases:
        print(text)
    else:
        DOCUMENT.write_text(f"{text}\n\n{_tested()}\n", encoding="utf-8")


def _test(release: str, before: str) -> None:
    column = _column(release, before)
    refused = [name for name, (state, *_) in column.items() if state == "refused"]
    print(f"{release}: without {refused or 'no patch less'} ...", file=sys.stderr)
    result = run_step_tests(_python(release), before, refused)
    for kind in ("others", "harmed"):
        for name in getattr(result, kind):
            print(f"{release}, {kind}: {name}", file=sys.stderr)
    # Read only now: another release may have got its row meanwhile.
    decided = DOCUMENT.read_text("utf-8").partition(TESTED)[0].strip()
    text = _tested({release: _row(release, refused, result)})
    DOCUMENT.write_text(f"{decided}\n\n{text}\n", encoding="utf-8")


def _row(release: str, refused: list[str], result: StepTests) -> str:
    cells = (
        release,
        ", ".join(f"`{name}`" for name in refused) or "none",
        *(str(result.passed), str(result.guarding), str(result.needing)),
        f"{result.as_off} of {result.guarding + result.needing}",
        str(len(result.others)),
        str(len(result.harmed)),
    )
    return f"| {' | '.join(cells)} |"


def _tested(new: dict[str, str] | None = None) -> str:
    """The part of the document about tests, with what it has and what is new."""
    rows = {
        line.split()[1]: line
        for line in DOCUMENT.read_text("utf-8").partition(TESTED)[2].splitlines()
        if line.startswith("| 0")
    }
    rows |= new or {}
    ordered = sorted(rows, key=lambda release: tuple(map(int, release.split("."))))
    return TESTED + "\n".join(rows[release] for release in ordered)


def _column(release: str, before: str) -> dict[str, list[str]]:
    run = subprocess.run(
        [_python(release), __file__, "--decide", before],
        capture_output=True,
        text=True,
        check=True,
    )
    column: dict[str, list[str]] = json.loads(run.stdout.splitlines()[-1])
    return column


def _python(release: str) -> Path:
    python = ENVIRONMENTS / f"tests-{release.replace('.', '-')}" / "bin" / "python"
    if not python.exists():
        raise SystemExit(
            f"no environment of {release}: run scripts/matrix.sh {release}"
        )
    return python


def _decide(before: str) -> dict[str, list[str]]:
    """State, path and reason of each patch, for a kit that knows up to a release."""
    from harness.platform import prepare_vllm

    prepare_vllm()
    from hidden_sources import knowing_up_to

    from vllm_responses_fix.deciding import decide
    from vllm_responses_fix.patches import NEEDS, PATCHES
    from vllm_responses_fix.places import TRIGGER

    __import__(TRIGGER)
    decisions = decide(knowing_up_to(PATCHES, before), NEEDS, ())
    return {d.patch.name: [d.state, d.patch.path, d.reason] for d in decisions}


def _written(columns: dict[str, dict[str, list[str]]]) -> str:
    marks = {"applied": "✓", "not needed": "=", "refused": "✗"}
    names = list(next(iter(columns.values())))
    lines = [f"| patch | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name in names:
        row = " | ".join(marks[column[name][0]] for column in columns.values())
        lines.append(f"| `{name}` | {row} |")
    whole = {
        path: sum(
            all(s != "refused" for s, p, _ in c.values() if p in (path, "both"))
            for c in columns.values()
        )
        for path in ("chat", "harmony")
    }
    active = {
        name: sum(column[name][0] == "applied" for column in columns.values())
        for name in ("reconstruction", "harmony-reconstruction")
    }
    counts = (
        f"Of {len(columns)} releases, `reconstruction` is active on "
        f"{active['reconstruction']} and `harmony-reconstruction` on "
        f"{active['harmony-reconstruction']}; all that the chat template path needs is "
        f"active on {whole['chat']}, all that gpt-oss needs on {whole['harmony']}."
    )
    reasons = [
        f"- {release}, `{name}`: {reason}"
        for release, column in columns.items()
        for name, (state, _, reason) in column.items()
        if state == "refused"
    ]
    refused = "Refused, with what differs first:\n\n" + "\n".join(reasons)
    return "\n\n".join([HEAD, "\n".join(lines), counts, refused])


if __name__ == "__main__":
    main()
