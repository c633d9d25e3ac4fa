"""The kit as operators have it: installed by pip, or unpacked somewhere."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from processes import ROOT

import vllm_responses_fix

PACKAGE = Path(vllm_responses_fix.__file__).parent


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the kit, as an operator would."""
    folder = tmp_path_factory.mktemp("installed")
    source = tmp_path_factory.mktemp("source") / "kit"
    shutil.copytree(
        ROOT,
        source,
        ignore=shutil.ignore_patterns(".*", "tests", "build", "*.egg-info"),
    )
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--target", str(folder), str(source)]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hook folder of a copy of the package that is on no path."""
    copy = tmp_path_factory.mktemp("mounted") / "kit" / "vllm_responses_fix"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy / "hook"
