"""The series is not begun where something that it needs is missing."""

import os
import subprocess
import sys
from pathlib import Path

import vllm

TOOL = Path(__file__).parents[2] / "scripts" / "stage_upstream_pr.py"


def _refused(*options: str, **environ: str) -> str:
    command = [sys.executable, *options, str(TOOL), "--vllm", str(Path(vllm.__file__))]
    run = subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True
    )
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    return run.stderr


def test_a_python_without_packages() -> None:
    said = _refused("-S", PYTHONPATH="")

    for name in ("libcst", "openai_harmony", "pytest", "ruff"):
        assert f"the package {name}, " in said


def test_no_vocabulary(tmp_path: Path) -> None:
    said = _refused(TIKTOKEN_ENCODINGS_BASE=str(tmp_path))

    assert "Harmony's vocabulary" in said
    assert "quicktok-v1" in said
