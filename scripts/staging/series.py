"""The series: which patch comes when, and as which commit."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vllm_responses_fix.patch import Patch, Variant
from vllm_responses_fix.places import PLACES

from .chosen import Chosen, release_order
from .fixes import FIXES, Fix
from .kit_source import source_of
from .transplant import Transplant, VllmSource

HERE = Path(__file__).resolve().parent
TESTS = HERE / "vllm_tests"
TESTS_UPSTREAM = Path("tests/entrypoints/openai/responses")
RUFF_CONFIG = TESTS / "ruff.toml"


class SeriesError(Exception):
    """The series can't be made."""


@dataclass(frozen=True)
class Step:
    """One patch of the series.

    Attributes:
        patch: the kit's.
        fix: what is said of it upstream.
        files: what it changes, by path: the whole text.
        contradicts: tests of vLLM that ask for what it changes on purpose.
    """

    patch: Patch
    fix: Fix
    files: Mapping[str, str]
    contradicts: tuple[str, ...]

    @property
    def test(self) -> str:
        return str(TESTS_UPSTREAM / self.fix.test)


def make_steps(root: Path, chosen: Chosen) -> list[Step]:
    """Put every patch that a tree of vLLM needs into it, each on top of the others.

    Raises:
        TransplantError, SeriesError: see there.
    """
    vllm = VllmSource(root)
    steps = []
    for patch, variant in in_order(chosen):
        transplant = Transplant(vllm, source_of(patch, variant))
        before = dict(vllm.changed)
        for replaced in variant.replaces:
            transplant.replace(*PLACES[replaced.place], replaced.place)
        for wrapped in variant.wraps:
            transplant.wrap(*PLACES[wrapped.place], wrapped.by)
        transplant.finish()
        fix = FIXES[patch.name]
        test = tests_of(fix, chosen.version).read_text(encoding="utf-8")
        files = {str(TESTS_UPSTREAM / fix.test): test}
        for module, tree in vllm.changed.items():
            if tree is not before.get(module):
                path = vllm.path(module)
                files[str(path)] = _tidied(tree.code, path)
        contradicts = list(fix.contradicts)
        for since, tests in fix.contradicts_later.items():
            if _is_up_to(since, chosen.version):
                contradicts += tests
        steps.append(Step(patch, fix, files, tuple(contradicts)))
    return steps


def tests_of(fix: Fix, version: str) -> Path:
    """The tests of a fix for a release.

    Those below a folder with the name of a release are for it and later ones, where
    what they call is another function.
    """
    folders = sorted(
        (path for path in TESTS.glob("[0-9]*") if _is_up_to(path.name, version)),
        key=lambda path: release_order(path.name),
        reverse=True,
    )
    return next(
        path for folder in (*folders, TESTS) if (path := folder / fix.test).exists()
    )


def _is_up_to(release: str, version: str) -> bool:
    return release_order(release) <= release_order(version)


def in_order(chosen: Chosen) -> list[tuple[Patch, Variant]]:
    """The reconstruction alone, then the smallest of those that what is there allows.

    A function that several patches change is changed in the kit's order, and code that
    patches share comes with the first of them.
    """
    remaining = list(chosen.patches)
    ordered: list[tuple[Patch, Variant]] = []
    while remaining:
        ready = [
            entry
            for index, entry in enumerate(remaining)
            if not any(_share(entry, other) for other in remaining[:index])
        ]
        first = min(ready, key=_alone_then_by_size)
        ordered.append(first)
        remaining.remove(first)
    return ordered


def _share(one: tuple[Patch, Variant], other: tuple[Patch, Variant]) -> bool:
    places = {*one[1].changed} & {*other[1].changed}
    reach = source_of(*one).reach & source_of(*other).reach
    return bool(places or reach)


def _alone_then_by_size(entry: tuple[Patch, Variant]) -> tuple[bool, int]:
    return entry[0].name != "reconstruction", source_of(*entry).lines


def _tidied(text: str, path: Path) -> str:
    """A file with its imports sorted, without those that are not used any more."""
    ruff = [sys.executable, "-m", "ruff"]
    common = ["--config", str(RUFF_CONFIG), "--stdin-filename", str(path), "-"]
    for command in (
        ["check", "--select", "I,F401", "--fix-only", "--quiet"],
        ["format", "--quiet"],
    ):
        run = subprocess.run(
            [*ruff, *command, *common], input=text, capture_output=True, text=True
        )
        if run.returncode:
            raise SeriesError(f"ruff can't read what became of {path}: {run.stderr}")
        text = run.stdout
    return text


def signer(folder: Path) -> tuple[str, str]:
    """Name and address for `Signed-off-by`, which says that somebody stands for it.

    Raises:
        SeriesError: git does not know them.
    """
    found = []
    for key in ("user.name", "user.email"):
        run = subprocess.run(
            ["git", "config", key], cwd=folder, capture_output=True, text=True
        )
        if not run.stdout.strip():
            raise SeriesError(
                f"git has no {key}, which Signed-off-by needs: git config {key} ..."
            )
        found.append(run.stdout.strip())
    return found[0], found[1]


def write_patches(
    steps: list[Step],
    root: Path,
    version: str,
    signed_off_by: tuple[str, str],
    work: Path,
    out: Path,
) -> list[Path]:
    """Write the series as `git format-patch` does.

    Args:
        steps: see `make_steps`.
        root: the tree that they were made for.
        version: its release.
        signed_off_by: see `signer`.
        work: a folder to be made, for a repository with the files that are touched.
        out: where the patches go.

    Returns:
        Their paths, in order.
    """
    name, email = signed_off_by
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": email,
    }

    def git(*arguments: str, stdin: str | None = None) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=work,
            env=environment,
            input=stdin,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    work.mkdir(parents=True)
    git("init", "--quiet", ".")
    for path in touched(steps):
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes((root / path).read_bytes())
    git("add", ".")
    git("commit", "--quiet", "--allow-empty", "-m", f"vLLM {version}")
    for step in steps:
        for path, text in step.files.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_text(text, encoding="utf-8")
        git("add", ".")
        git(
            "commit",
            "--quiet",
            "--signoff",
            "-F",
            "-",
            stdin=step.fix.message(step.patch),
        )
    listed = git(
        "format-patch",
        f"-{len(steps)}",
        "--numbered",
        "--zero-commit",
        "--output-directory",
        str(out.resolve()),
    )
    return [Path(line) for line in listed.splitlines()]


def touched(steps: Iterable[Step]) -> list[str]:
    """The files of vLLM that a series changes."""
    return sorted(
        {path for step in steps for path in step.files if path.startswith("vllm/")}
    )
