"""The demo's servers leave nothing behind, and say why they did not start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.demo.server import Server, ServerFailed


def test_an_interrupt_during_the_start_ends_every_process(tmp_path: Path) -> None:
    server = Server("interrupted", sys.executable, tmp_path / "log", environment={})
    with pytest.raises(KeyboardInterrupt), server:
        # By then the engine has a process of its own.
        while server.poll() != "starting the engine":
            time.sleep(0.2)
        assert len(server.processes()) > 1
        raise KeyboardInterrupt

    assert not server.processes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_a_script_ends_its_servers(
    number: signal.Signals, tmp_path: Path
) -> None:
    code = f"""
import sys
from pathlib import Path
from scripts.demo.server import Server
from scripts.demo.signals import ended_by_signals

log = Path({str(tmp_path / "log")!r})
with ended_by_signals(), Server("stock", sys.executable, log, environment={{}}) as s:
    print(*s.processes(), flush=True)
    s.wait()
"""
    script = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert script.stdout is not None
    (server,) = map(int, script.stdout.readline().split())
    script.send_signal(number)
    _, said = script.communicate(timeout=120)

    assert script.returncode == 128 + number
    assert "Stopping the server: stock ..." in said
    assert f"Ended by {number.name}" in said
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)


def test_a_server_that_does_not_start_shows_its_log(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerFailed, match="invalid choice: 'no-such-type'"),
        Server(
            "misconfigured",
            sys.executable,
            tmp_path / "log",
            environment={},
            arguments=("--dtype", "no-such-type"),
        ) as server,
    ):
        server.wait()
