"""What `scripts/stage_upstream_pr.py` writes can be sent to vLLM."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from staged_series import Staged
from staging.chosen import choose
from staging.fixes import FIXES
from staging.series import RUFF_CONFIG as RUFF
from staging.series import TESTS, touched
from staging.vllm_tree import UnknownTreeError, overlay

from vllm_responses_fix.patches import PATCHES

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "scripts" / "stage_upstream_pr.py"
MYPY = ROOT / "scripts" / "staging" / "vllm_mypy.ini"

# The series is tried out, and the kit's own tests run on it, in processes of their own.
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def written(
    staged: Staged,
    tmp_path_factory: pytest.TempPathFactory,
    signer_config: dict[str, str],
    vocabulary: None,
) -> list[Path]:
    """The patches, as the command writes them after it has run all staged tests."""
    out = tmp_path_factory.mktemp("series")
    run = _stage(staged.root, out, signer_config)
    assert run.returncode == 0, run.stderr
    return sorted(out.glob("*.patch"))


def _stage(
    root: Path, out: Path, settings: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(TOOL), "--vllm", str(root), "--out", str(out)],
        cwd=out,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
    )


def test_git_am_takes_the_series(
    staged: Staged,
    written: list[Path],
    signer_config: dict[str, str],
    tmp_path: Path,
) -> None:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=tmp_path,
            env={**os.environ, **signer_config},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    _copy(staged, tmp_path)
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "vLLM")
    git("am", "--keep-non-patch", *map(str, written))

    for step in staged.steps:
        assert (tmp_path / step.test).read_text() == step.files[step.test]
    for path in touched(staged.steps):
        assert (tmp_path / path).read_text() == (staged.tree / path).read_text()
    messages = git("log", "--reverse", "--format=%B%x00").split("\0")[1:-1]
    for step, message in zip(staged.steps, messages, strict=True):
        assert message.strip().startswith(step.fix.subject)
        assert message.strip().endswith(
            "Signed-off-by: A Developer <developer@example.com>"
        )
        assert re.search(r"^(FIX|Part of) #\d+$", message, re.MULTILINE)


def test_git_apply_takes_the_series_in_a_package_tree(
    staged: Staged, written: list[Path], tmp_path: Path
) -> None:
    _copy(staged, tmp_path)
    subprocess.run(["git", "apply", *map(str, written)], cwd=tmp_path, check=True)

    for path in touched(staged.steps):
        assert (tmp_path / path).read_text() == (staged.tree / path).read_text()


def test_the_first_patch_is_the_reconstruction_alone(staged: Staged) -> None:
    first = staged.steps[0]

    assert first.patch.name == "reconstruction"
    assert first.fix.issues == "FIX #43244"
    assert [path for path in first.files if path.startswith("vllm/")] == [
        "vllm/entrypoints/openai/responses/utils.py"
    ]


def test_each_patch_has_a_description_with_its_test_results(
    staged: Staged, written: list[Path]
) -> None:
    for step, patch in zip(staged.steps, written, strict=True):
        text = patch.with_suffix(".md").read_text()
        assert text.startswith(f"# {step.fix.subject}\n")
        purpose, plan, result = re.split(r"## Test (?:Plan|Result)", text)
        assert "## Purpose" in purpose
        for number in ("43247", "42189", "37697", "34738"):
            assert f"#{number}" in purpose
        assert step.test in plan
        without, with_it = result.split("With it:")
        assert re.search(r"^\d+ failed.* in .*s$", without, re.MULTILINE)
        assert re.search(r"^\d+ passed.* in .*s$", with_it, re.MULTILINE)
        assert "failed" not in with_it


@pytest.mark.parametrize("checker", ["ruff", "mypy"])
def test_vllm_s_checks_find_nothing_new(staged: Staged, checker: str) -> None:
    config = {
        "ruff": ("check", "--no-cache", "--output-format=concise", "--config", RUFF),
        "mypy": ("--cache-dir", os.devnull, "--config-file", MYPY),
    }
    command = [sys.executable, "-m", checker, *map(str, config[checker])]
    before, after = (
        Counter(
            re.sub(r":\d+(:\d+)?:", ":", line)
            for line in subprocess.run(
                [*command, *touched(staged.steps)],
                cwd=tree,
                capture_output=True,
                text=True,
            ).stdout.splitlines()
            if line.startswith("vllm/")
        )
        for tree in (staged.root, staged.tree)
    )
    assert not after - before


def test_what_is_added_speaks_of_no_release_and_not_of_the_kit(
    staged: Staged,
) -> None:
    for path in touched(staged.steps):
        known = set((staged.root / path).read_text().splitlines())
        for line in (staged.tree / path).read_text().splitlines():
            if line not in known:
                assert not re.search(r"\b0\.\d\d\b|\bpatch|responses_fix", line), path


def test_vllm_s_layout(staged: Staged) -> None:
    files = [*touched(staged.steps), *(step.test for step in staged.steps)]
    ruff = [sys.executable, "-m", "ruff", "format", "--no-cache", "--check"]
    run = subprocess.run(
        [*ruff, "--config", str(RUFF), *files],
        cwd=staged.tree,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.xdist_group("patched-source")
def test_the_kit_s_own_tests_pass_on_the_patched_source(staged: Staged) -> None:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VLLM_", "PYTEST_"))
    }
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("--patched-source", "--hypothesis-profile=matrix"),
            *("tests/converter", "tests/http", "tests/harmony"),
        ],
        cwd=ROOT,
        env={**inherited, "PYTHONPATH": str(staged.tree)},
        capture_output=True,
        text=True,
    )

    assert run.returncode == 0, run.stdout[-5000:]


def test_without_a_name_nobody_signs_off(staged: Staged, tmp_path: Path) -> None:
    nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    run = _stage(staged.root, tmp_path, nobody)

    assert run.returncode == 1
    assert "git has no user.name" in run.stderr
    assert not list(tmp_path.iterdir())


def test_a_changed_tree_is_no_release(staged: Staged, tmp_path: Path) -> None:
    _copy(staged, tmp_path)
    path = tmp_path / "vllm/entrypoints/openai/responses/utils.py"
    text = path.read_text()
    path.write_text(text.replace("messages.extend(input_messages)", "pass"))

    with pytest.raises(UnknownTreeError, match="construct_input_messages"):
        choose(tmp_path)


def test_every_patch_has_a_fix_and_every_fix_its_tests() -> None:
    assert {p.name for p in PATCHES if p.for_upstream} == FIXES.keys()
    tests = {fix.test for fix in FIXES.values()}
    assert tests == {path.name for path in TESTS.glob("test_*.py")}
    for path in TESTS.glob("*/test_*.py"):
        assert re.fullmatch(r"\d+\.\d+\.\d+", path.parent.name)
        assert path.name in tests


def _copy(staged: Staged, folder: Path) -> None:
    """A pristine copy of the installed vLLM, as far as patches look at it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    overlay(staged.root, folder, touched(staged.steps))
