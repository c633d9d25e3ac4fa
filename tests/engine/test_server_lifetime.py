"""The demo's servers leave nothing behind, and say why they did not start."""

from __future__ import annotations

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
