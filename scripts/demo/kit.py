"""Installs the kit for one server, next to an environment that stays as it is."""

from __future__ import annotations

import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent


def install_kit(python: str, target: Path) -> None:
    """Install the kit into the folder `target` with pip.

    A folder on `PYTHONPATH` is searched for entry points like site-packages, so a
    server started with it finds the kit the way it does after `pip install`.

    Raises:
        subprocess.CalledProcessError: pip failed; `stderr` says why.
    """
    subprocess.run(
        [
            python, "-m", "pip", "install", "--quiet", "--no-deps",
            "--no-build-isolation", "--disable-pip-version-check",
            "--target", str(target), str(REPOSITORY),
        ],
        check=True,
        capture_output=True,
        text=True,
    )  # fmt: skip


def is_installed(python: str) -> bool:
    """Return whether servers started with `python` have the kit anyway."""
    # Isolated: a checkout on this process's path holds the metadata of a build.
    code = (
        "from importlib.metadata import entry_points\n"
        "found = entry_points(group='vllm.general_plugins', name='responses_fix')\n"
        "raise SystemExit(not found)"
    )
    return subprocess.run([python, "-I", "-c", code], check=False).returncode == 0
