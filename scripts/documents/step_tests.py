"""The tests of a release with a kit that does not know it yet."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vllm_responses_fix.settings import DISABLED_PATCHES, ENABLED

ROOT = Path(__file__).parents[2]
TESTS = ("tests/converter", "tests/http", "tests/harmony")

Outcomes = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class StepTests:
    """What became of the tests.

    Attributes:
        passed: how many passed.
        guarding: those that guard a refused patch.
        needing: others that fail, and fail where the refused patches are switched off.
        as_off: of both, those that do exactly what they do there.
        others: those that fail, and pass there.
        harmed: those that fail, and pass on stock vLLM.
    """

    passed: int
    guarding: int
    needing: int
    as_off: int
    others: list[str]
    harmed: list[str]


def run_step_tests(python: Path, before: str, refused: Collection[str]) -> StepTests:
    """Run the tests of a release with what a kit knew before it.

    Args:
        python: of the environment of that release.
        before: the release before it.
        refused: the patches that such a kit refuses there.
    """
    found = _run(python, "--knowing-up-to", before)
    failed = {name for name, test in found.items() if not test["ok"]}
    guarding = {
        name
        for name, test in found.items()
        if test["did"] != "skipped" and not set(test["guards"]).isdisjoint(refused)
    }
    switched_off = _run(
        python,
        only=failed | guarding,
        environ={DISABLED_PATCHES: ",".join(refused)},
    )
    stock = _run(python, only=failed, environ={ENABLED: "0"})
    passing_off = {n for n, test in switched_off.items() if test["did"] == "passed"}
    needing = failed - guarding - passing_off
    unlike = {
        name
        for name in guarding | needing
        if found[name]["did"] != switched_off[name]["did"]
    }
    for name in sorted(unlike):
        print(f"{name}\n  now: {found[name]['did']}", file=sys.stderr)
        print(f"  off: {switched_off[name]['did']}", file=sys.stderr)
    return StepTests(
        passed=sum(test["did"] == "passed" for test in found.values()),
        guarding=len(guarding),
        needing=len(needing),
        as_off=len((guarding | needing) - unlike),
        others=sorted((failed - guarding) & passing_off),
        harmed=sorted(name for name in failed if stock[name]["did"] == "passed"),
    )


def _run(
    python: Path,
    *arguments: str,
    only: Collection[str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Outcomes:
    if only is not None and not only:
        return {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chosen: tuple[str, ...] = ()
        if only is not None:
            (folder / "only.json").write_text(json.dumps(sorted(only)), "utf-8")
            chosen = ("--only", str(folder / "only.json"))
        run = subprocess.run(
            [
                *(str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider"),
                *("-n", "auto", "--maxprocesses=4", "--dist=worksteal"),
                # The others parse sources, which in a thread fails now and then.
                "--tb=native",
                *("--outcomes", str(folder / "outcomes.json"), *arguments, *chosen),
                *TESTS,
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "HF_HUB_OFFLINE": "1",
                "TRANSFORMERS_OFFLINE": "1",
                "VLLM_NO_USAGE_STATS": "1",
                # Tests read what vLLM and the kit log.
                "VLLM_LOGGING_LEVEL": "INFO",
                **(environ or {}),
            },
            stdout=sys.stderr,
            # Failing tests are what is looked at.
            check=False,
        )
        if run.returncode > 1:
            raise SystemExit(f"pytest could not run all tests ({run.returncode})")
        outcomes: Outcomes = json.loads(
            (folder / "outcomes.json").read_text(encoding="utf-8")
        )
        return outcomes
