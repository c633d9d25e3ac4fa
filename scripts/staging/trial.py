"""Run the staged tests, each before and after the patch that it belongs to."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .series import SeriesError, Step, touched
from .vllm_tree import overlay

_RUNNER = Path(__file__).with_name("forked_tests.py")


@dataclass(frozen=True)
class Run:
    """One run of the tests of a patch.

    Attributes:
        outcomes: of each test, "passed" or "failed".
        output: what pytest wrote.
    """

    outcomes: Mapping[str, str]
    output: str


@dataclass(frozen=True)
class Trial:
    """The tests of a patch, without and with it."""

    before: Run
    after: Run


def try_steps(steps: Sequence[Step], root: Path, work: Path) -> list[Trial]:
    """Run the tests of every step on the tree as it is before it, and after it.

    Args:
        steps: a series.
        root: the tree it was made for.
        work: a folder to be made, for copies of the tree.

    Raises:
        SeriesError: a test passes without its patch, or fails with it.
    """
    jobs = []
    for number in range(len(steps) + 1):
        tree = work / f"after-{number}"
        make_tree(steps, number, root, tree)
        tests = [step.test for step in steps[max(number - 1, 0) : number + 1]]
        for step in steps[number : number + 1]:
            _write(tree, {step.test: step.files[step.test]})
        jobs.append({"tree": str(tree), "tests": tests})
    results = _run(jobs, root, work)
    trials = []
    for number, step in enumerate(steps):
        trial = Trial(
            before=results[number][step.test], after=results[number + 1][step.test]
        )
        _check(step, trial)
        trials.append(trial)
    return trials


def make_tree(steps: Sequence[Step], number: int, root: Path, tree: Path) -> None:
    """Make a copy of a tree of vLLM with the first steps of a series."""
    tree.mkdir(parents=True)
    overlay(root, tree, touched(steps))
    for step in steps[:number]:
        _write(tree, step.files)
    # Else pytest would look for its settings in the folders above.
    (tree / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")


def environment(tree: Path) -> dict[str, str]:
    """The environment of a process that is to use a tree, without the kit."""
    return {
        **os.environ,
        "PYTHONPATH": str(tree),
        "VLLM_RESPONSES_FIX": "0",
        "VLLM_PLUGINS": "",
        "VLLM_NO_USAGE_STATS": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _write(tree: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text, encoding="utf-8")


def _run(
    jobs: list[dict[str, object]], root: Path, work: Path
) -> list[Mapping[str, Run]]:
    results = work / "results.json"
    run = subprocess.run(
        [sys.executable, str(_RUNNER), json.dumps(jobs), str(results)],
        env=environment(root),
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise SeriesError(f"The staged tests could not be run:\n{run.stderr[-3000:]}")
    return [
        {test: Run(**fields) for test, fields in result.items()}
        for result in json.loads(results.read_text(encoding="utf-8"))
    ]


def _check(step: Step, trial: Trial) -> None:
    for run, wanted in ((trial.before, "failed"), (trial.after, "passed")):
        if set(run.outcomes.values()) != {wanted}:
            when = "without" if wanted == "failed" else "with"
            raise SeriesError(
                f"Not every test of {step.fix.test} {wanted} {when} "
                f"{step.patch.name}:\n{run.output}"
            )
    if trial.before.outcomes.keys() != trial.after.outcomes.keys():
        raise SeriesError(f"{step.fix.test} has other tests without its patch")
