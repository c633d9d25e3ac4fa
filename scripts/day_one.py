"""How much of the kit is active on the day that a release of vLLM comes out.

    scripts/run.sh day_one             writes docs/day-one.md
    scripts/run.sh day_one 0.33.0      prints one column

For each release, in its environment of the matrix, a kit decides that has not seen any
source that the release brought: what a kit of the release before would have done.
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description="What a kit does on the day that a release of vLLM comes out."
    )
    parser.add_argument("releases", nargs="*", help="default: all; writes the document")
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
    columns = {
        release: _column(release, before)
        for before, release in pairwise(releases)
        if release in wanted
    }
    text = _written(columns)
    if arguments.releases:
        print(text)
    else:
        (ROOT / "docs" / "day-one.md").write_text(text + "\n", encoding="utf-8")


def _column(release: str, before: str) -> dict[str, list[str]]:
    python = ENVIRONMENTS / f"tests-{release.replace('.', '-')}" / "bin" / "python"
    if not python.exists():
        raise SystemExit(
            f"no environment of {release}: run scripts/matrix.sh {release}"
        )
    run = subprocess.run(
        [python, __file__, "--decide", before],
        capture_output=True,
        text=True,
        check=True,
    )
    column: dict[str, list[str]] = json.loads(run.stdout.splitlines()[-1])
    return column


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
