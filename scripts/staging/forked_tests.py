"""Run test files on several states of a tree of vLLM; a program of its own.

    python forked_tests.py JOBS RESULTS

Importing vLLM takes far longer than the tests. So one process imports what no patch
touches, and a fork of it runs the tests of each state of the tree.
"""

import contextlib
import importlib
import io
import json
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PYTEST = ("pytest", "-q", "--tb=no", "-rf", "--disable-warnings")
# Imported once. A release that has some of them elsewhere takes longer.
_UNTOUCHED = (
    "vllm.config",
    "vllm.multimodal",
    "vllm.outputs",
    "vllm.sampling_params",
    "vllm.renderers",
    "vllm.tokenizers",
    "vllm.tracing",
    "vllm.v1.engine",
    "vllm.model_executor.models.registry",
    "mistral_common.protocol.instruct.messages",
    "openai_harmony",
    "fastapi",
    "pytest",
)


class _Recorder:
    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[report.nodeid] = report.outcome


def _main(jobs: str, results: str) -> None:
    for name in _UNTOUCHED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    done = []
    for job in json.loads(jobs):
        part = f"{results}.part"
        child = os.fork()
        if child == 0:
            _in_child(job, part)
        if os.waitpid(child, 0)[1]:
            raise SystemExit(f"the tests of {job['tests']} ended the process")
        done.append(json.loads(Path(part).read_text(encoding="utf-8")))
    Path(results).write_text(json.dumps(done), encoding="utf-8")


def _in_child(job: Mapping[str, Any], part: str) -> None:
    code = 1
    try:
        _use_tree(job["tree"])
        found = {test: _run_pytest(test) for test in job["tests"]}
        Path(part).write_text(json.dumps(found), encoding="utf-8")
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        # Not sys.exit: the parent's clean-up is not the child's.
        os._exit(code)


def _use_tree(tree: str) -> None:
    """Let vLLM's packages, those imported too, be where a tree has them."""
    os.chdir(tree)
    sys.path.insert(0, tree)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != "vllm":
            continue
        place = Path(tree, *name.split("."))
        if hasattr(module, "__path__"):
            module.__path__ = [str(place)]
        elif place.with_suffix(".py").resolve().is_relative_to(Path(tree).resolve()):
            raise ImportError(f"{name} was imported before it was known from where")


def _run_pytest(test: str) -> dict[str, Any]:
    import pytest

    recorder = _Recorder()
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
        pytest.main([*PYTEST[1:], test], plugins=[recorder])
    return {"outcomes": recorder.outcomes, "output": output.getvalue()}


if __name__ == "__main__":
    _main(*sys.argv[1:])
