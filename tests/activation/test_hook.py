"""The sitecustomize folder in Python processes that have nothing to do with vLLM."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import vllm_responses_fix

pytestmark = pytest.mark.activation

HOOK = Path(vllm_responses_fix.__file__).parent / "hook"


def run(code: str, *pythonpath: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, pythonpath))}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environ,
        cwd="/",
        capture_output=True,
        text=True,
    )


def test_it_imports_nothing() -> None:
    code = "import sys; print(sorted(sys.modules))"
    without, with_hook = run(code), run(code, HOOK)
    more = set(eval(with_hook.stdout)) - set(eval(without.stdout))
    assert more == {"sitecustomize"} or not more


def test_it_hands_on_to_the_next_sitecustomize(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('the other was here')")
    code = "import sitecustomize; print(sitecustomize.__file__)"
    result = run(code, HOOK, tmp_path)
    assert result.stdout.splitlines() == [
        "the other was here",
        str(tmp_path / "sitecustomize.py"),
    ]


def test_two_copies_hand_on_once(tmp_path: Path) -> None:
    copy, other = tmp_path / "copy", tmp_path / "other"
    copy.mkdir()
    other.mkdir()
    (copy / "sitecustomize.py").write_text((HOOK / "sitecustomize.py").read_text())
    (other / "sitecustomize.py").write_text("print('the other was here')")
    code = "import sys; print([f.__name__ for f in sys.meta_path if 'Fix' in str(f)])"
    result = run(code, HOOK, copy, other)
    assert result.stdout.splitlines() == [
        "the other was here",
        "['VllmResponsesFixHook']",
    ]
    assert not result.stderr


def test_a_failing_neighbour_does_not_stop_python(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("raise RuntimeError('broken')")
    result = run("print('alive')", HOOK, tmp_path)
    assert result.returncode == 0
    assert result.stdout == "alive\n"


def test_a_failure_of_its_own_does_not_stop_vllm(tmp_path: Path) -> None:
    """Half a copy of the kit, and something that looks like vLLM."""
    broken = tmp_path / "vllm_responses_fix"
    (broken / "hook").mkdir(parents=True)
    (broken / "hook" / "sitecustomize.py").write_text(
        (HOOK / "sitecustomize.py").read_text()
    )
    (broken / "__init__.py").write_text("raise RuntimeError('half a copy')")
    (tmp_path / "vllm.py").write_text("print('vllm is imported')")
    result = run("import vllm", broken / "hook", tmp_path)
    assert result.returncode == 0
    assert result.stdout == "vllm is imported\n"
    assert "vllm-responses-fix: not active" in result.stderr
    assert "half a copy" in result.stderr
