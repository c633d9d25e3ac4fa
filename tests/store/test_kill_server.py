"""What clients of a server had when it was killed."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "kill_server.py"


@pytest.mark.kit_alone
def test_what_clients_had_is_there_after_a_kill() -> None:
    """A few of the rounds that the script makes."""
    run = subprocess.run(
        [sys.executable, SCRIPT, "--rounds", "5"], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert "none lost" in run.stdout
