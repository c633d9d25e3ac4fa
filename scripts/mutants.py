"""Look for changes of the patches' code that no test notices.

    scripts/run.sh mutants [--sample 250] [--seed 12] [MODULE ...]

A mutant is a module with one small change, made by an operator of mutmut. At first the
tests of converter, server, gpt-oss and store run once, and coverage.py notes which of
them run which line. Then, for each mutant, a fork of this process, which has imported
vLLM, runs those that run the changed lines, the quickest first, and then the others
that run the function, until one fails; where none does, those that run anything of the
module. Left out are probes, a patch's description, annotations, texts of the log, and
the variants of patches that this release does not need; `--release 0.33.0` tries those
of another. mutmut and coverage.py are fetched from PyPI into the user's cache folder.

Prints the mutants that survived, as diffs, and the share that was killed.
"""

import argparse
import ast
import difflib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, cast

import libcst
from libcst.metadata import MetadataWrapper, PositionProvider

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests")]

from harness.platform import prepare_vllm  # noqa: E402

KIT = "vllm_responses_fix"
FETCHED = ("mutmut==3.8.1", "coverage==7.17.5")
CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    / "vllm-responses-fix"
    / "-".join(FETCHED)
)
# Of a test, in seconds.
TIME_LIMIT = 120
# What tests import, except what has the kit's code, which is another in each fork.
PRELOADED = (
    "agents",
    "hypothesis",
    "pytest",
    "vllm.entrypoints.openai.api_server",
    "vllm.entrypoints.openai.responses.serving",
    "vllm.tool_parsers",
)
TESTS = ("tests/converter", "tests/http", "tests/harmony", "tests/store")


@dataclass(frozen=True)
class Mutant:
    """A module with one change.

    Attributes:
        module: its path below the repository.
        tree: what it says.
        node: what is changed of that.
        lines: the first and the last that it is on.
        changed: what it is changed to.
    """

    module: str
    tree: libcst.Module
    node: libcst.CSTNode
    lines: tuple[int, int]
    changed: libcst.CSTNode

    @cached_property
    def text(self) -> str:
        return cast(libcst.Module, self.tree.deep_replace(self.node, self.changed)).code

    @cached_property
    def diff(self) -> str:
        lines = difflib.unified_diff(
            self.tree.code.splitlines(),
            self.text.splitlines(),
            self.module,
            lineterm="",
            n=1,
        )
        return "\n".join(list(lines)[2:])


class _Changes(libcst.CSTVisitor):
    """Collects what mutmut's operators make of the nodes of a module."""

    def __init__(self) -> None:
        super().__init__()
        from mutmut.mutation.mutators import mutation_operators

        self._operators = mutation_operators
        self.found: list[tuple[libcst.CSTNode, libcst.CSTNode]] = []

    def on_visit(self, node: libcst.CSTNode) -> bool:
        if isinstance(node, libcst.Annotation | libcst.Decorator | libcst.Import):
            return False
        if isinstance(node, libcst.ImportFrom) or _is_log(node):
            return False
        for kind, operator in self._operators:
            if isinstance(node, kind):
                self.found += ((node, changed) for changed in operator(node))
        return True


def _is_log(node: libcst.CSTNode) -> bool:
    return (
        isinstance(node, libcst.Call)
        and isinstance(node.func, libcst.Attribute)
        and isinstance(node.func.value, libcst.Name)
        and "logger" in node.func.value.value.lower()
    )


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--sample", type=int, help="so many of all")
    arguments.add_argument("--seed", type=int, default=12, help="of the sample")
    arguments.add_argument("--results", type=Path, help="go on from this file")
    arguments.add_argument("modules", metavar="MODULE", nargs="*", help="default: all")
    options = arguments.parse_args()
    _fetch()
    prepare_vllm()
    for name in PRELOADED:
        import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder))
        modules = options.modules or _modules()
        run = [module for module in modules if copy.runs(module)]
        mutants = [mutant for module in run for mutant in _mutants(module)]
        others = len(modules) - len(run)
        print(f"{len(mutants)} mutants; {others} modules are for other releases")
        if options.sample:
            mutants = random.Random(options.seed).sample(mutants, options.sample)
        survivors = _try_all(copy, mutants, options.results)
    killed = len(mutants) - survivors
    print(f"{killed} of {len(mutants)} killed: {killed / len(mutants):.1%}")
    return 0


def _fetch() -> None:
    if not CACHE.exists():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", *FETCHED]
        subprocess.run([*pip, "--target", str(CACHE)], check=True)
    sys.path.append(str(CACHE))


def _modules() -> list[str]:
    files = (file for name in ("patches", "stored") for file in _sources(name))
    return [str(file.relative_to(ROOT)) for file in files]


def _sources(folder: str) -> Iterator[Path]:
    for file in sorted((ROOT / KIT / folder).rglob("*.py")):
        if file.name not in ("__init__.py", "probe.py"):
            yield file


def _mutants(module: str) -> Iterator[Mutant]:
    tree = libcst.parse_module((ROOT / module).read_text())
    metadata = MetadataWrapper(tree, unsafe_skip_copy=True)
    positions = metadata.resolve(PositionProvider)
    changes = _Changes()
    tree.visit(changes)
    for node, changed in changes.found:
        at = positions[node]
        yield Mutant(module, tree, node, (at.start.line, at.end.line), changed)


def _try_all(copy: "Copy", mutants: Sequence[Mutant], results: Path | None) -> int:
    """Try mutants; returns how many survived."""
    known = json.loads(results.read_text()) if results and results.exists() else {}
    survivors = 0
    for number, mutant in enumerate(mutants, 1):
        started = time.monotonic()
        survived = known.get(mutant.diff)
        if survived is None:
            survived = known[mutant.diff] = copy.survives(mutant)
        if results:
            results.write_text(json.dumps(known))
        survivors += survived
        seconds = f"{time.monotonic() - started:.0f} s"
        fate = f"SURVIVED\n{mutant.diff}" if survived else "killed"
        print(f"{number}. {mutant.module} ({seconds}): {fate}", flush=True)
    return survivors


class Copy:
    """A copy of the repository, in which mutants are tried one after the other.

    Raises:
        RuntimeError: a test fails without a change.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        no_bytecode = shutil.ignore_patterns("__pycache__")
        for name in (KIT, "tests", "scripts", "docs"):
            shutil.copytree(ROOT / name, folder / name, ignore=no_bytecode)
        for name in ("pyproject.toml", "README.md", "CONTRIBUTING.md"):
            shutil.copy(ROOT / name, folder)
        noted = folder / "noted.json"
        if not self._pass(TESTS, note=noted):
            output = (folder / "output").read_text()
            raise RuntimeError(f"fails without a change: {output[-2000:]}")
        notes = json.loads(noted.read_text())
        # By file and line, the numbers of the tests that run it; the quickest first.
        self._tests: list[str] = notes["tests"]
        self._lines: dict[str, dict[str, list[int]]] = notes["lines"]

    def runs(self, module: str) -> bool:
        """Whether a test does more with a module than to import it."""
        lines = self._lines.get(module, {})
        return any(lines.get(str(number)) for number in _lines_of_functions(module))

    def survives(self, mutant: Mutant) -> bool:
        """Whether all tests that run a mutant's lines pass."""
        found = self._that_run(mutant.module, *mutant.lines)
        # Python 3.11 does not trace a coroutine any more into which an exception was
        # thrown, so a test may run lines that are not noted.
        around = _function_around(mutant)
        found += [
            number
            for number in self._that_run(mutant.module, *around)
            if number not in found
        ]
        if not found:
            # No test runs it, or it runs when the module is imported.
            found = sorted({*chain(*self._lines.get(mutant.module, {}).values())})
        tests = [self._tests[number] for number in found]
        module = self._folder / mutant.module
        module.write_text(mutant.text)
        try:
            return self._pass(tests, without_bytecode=module)
        finally:
            module.write_text(mutant.tree.code)
            _remove_bytecode(module)

    def _that_run(self, module: str, first: int, last: int) -> list[int]:
        lines = self._lines.get(module, {})
        found = (lines.get(str(number), ()) for number in range(first, last + 1))
        return sorted({*chain(*found)})

    def _pass(
        self,
        tests: Sequence[str],
        *,
        without_bytecode: Path | None = None,
        note: Path | None = None,
    ) -> bool:
        """Whether pytest in a fork of this process says that all is well."""
        if without_bytecode:
            _remove_bytecode(without_bytecode)
        process = os.fork()
        if process == 0:
            plugins = [_Notes(self._folder, note)] if note else []
            self._run_pytest(tests, plugins)
        _, status = os.waitpid(process, 0)
        return status == 0

    def _run_pytest(self, tests: Sequence[str], plugins: list[Any]) -> None:
        with open(self._folder / "output", "w", encoding="utf-8") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        os.chdir(self._folder)
        sys.path[:] = [str(self._folder), *(p for p in sys.path if str(ROOT) not in p)]
        for name in [n for n in sys.modules if n.partition(".")[0] == "harness"]:
            del sys.modules[name]
        import pytest

        options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=matrix"]
        # A mutant that never ends would keep the event loop, and so what comes after.
        options += [f"--timeout={TIME_LIMIT}", "--timeout-method=thread"]
        code = pytest.main([*options, *tests], plugins)
        # Threads of a server must not keep it.
        sys.stdout.flush()
        os._exit(int(code))


def _functions(module: str) -> Iterator[tuple[int, int]]:
    """The first and the last line of each function's body."""
    for node in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.body[0].lineno, cast(int, node.body[-1].end_lineno)


def _lines_of_functions(module: str) -> Iterator[int]:
    """The lines that are not run when a module is imported."""
    for first, last in _functions(module):
        yield from range(first, last + 1)


def _function_around(mutant: Mutant) -> tuple[int, int]:
    """The lines of the smallest function that a mutant is in, or its own."""
    first, last = mutant.lines
    around = [
        (begin, end)
        for begin, end in _functions(mutant.module)
        if begin <= first and last <= end
    ]
    return min(around, key=lambda lines: lines[1] - lines[0], default=mutant.lines)


def _remove_bytecode(module: Path) -> None:
    # It is known by the time and size of its source, which mutants may share.
    for file in (module.parent / "__pycache__").glob(f"{module.stem}.*"):
        file.unlink()


class _Notes:
    """Writes down which tests run which lines of the kit, and which are quick."""

    def __init__(self, folder: Path, file: Path) -> None:
        from coverage import Coverage

        self._folder = folder
        self._file = file
        self._seconds: dict[str, float] = {}
        self._coverage = Coverage(
            data_file=str(folder / "coverage"),
            config_file=False,
            source=[str(folder / KIT)],
        )
        self._coverage.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._seconds[nodeid] = -time.monotonic()
        self._coverage.switch_context(nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._seconds[nodeid] += time.monotonic()

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        tests = sorted(self._seconds, key=self._seconds.__getitem__)
        number = {test: number for number, test in enumerate(tests)}
        lines = {
            str(Path(file).relative_to(self._folder)): {
                line: [number[test] for test in contexts if test in number]
                for line, contexts in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        self._file.write_text(json.dumps({"tests": tests, "lines": lines}))


if __name__ == "__main__":
    sys.exit(main())
