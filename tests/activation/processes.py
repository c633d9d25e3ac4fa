"""Python processes that start with nothing but what a test puts on their path."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVING = "vllm.entrypoints.openai.responses.serving"
IMPORT_SERVING = f"import_vllm()\nimport {SERVING}\n"


def run(
    code: str, *pythonpath: Path, check: bool = True, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run Python code from an empty folder, with only this of our environment."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VLLM_", "PYTHON"))
    }
    clean.update(environ, VLLM_NO_USAGE_STATS="1")
    clean["PYTHONPATH"] = os.pathsep.join(map(str, pythonpath))
    result = subprocess.run(
        [sys.executable, "-c", _PLATFORM + code],
        env=clean,
        cwd=pythonpath[0] if pythonpath else "/",
        capture_output=True,
        text=True,
    )
    if check:
        assert result.returncode == 0, result.stderr
    return result


# A CUDA build finds no platform on a machine without a GPU; see tests/harness.
_PLATFORM = f"""
def import_vllm():
    import sys
    sys.path.insert(0, {str(ROOT / "tests")!r})
    from harness.platform import prepare_vllm
    prepare_vllm()
    sys.path.pop(0)
    from argparse import Namespace
    from vllm import logger
    if hasattr(logger, "configure_logging_from_args"):
        # Since 0.31 a server sets up its log when it has read its arguments.
        logger.configure_logging_from_args(Namespace())
"""
