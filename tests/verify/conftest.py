"""Servers that listen, and the command against them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from harness.client import Client
from harness.event_loop import EventLoopThread
from harness.scripted_engine import Script

from vllm_responses_fix.cli import main

Listen = Callable[[Client, Script], str]


@pytest.fixture
def listen(event_loop_thread: EventLoopThread) -> Iterator[Listen]:
    """Let the server of a client listen, with a script for its model."""
    listening = []

    def start(client: Client, script: Script) -> str:
        client.server.engine.script = script
        listening.append(client.server.listening())
        return event_loop_thread.run(listening[-1].__aenter__())

    yield start
    for server in listening:
        event_loop_thread.run(server.__aexit__(None, None, None))


@dataclass(frozen=True)
class Verified:
    """What the command reported."""

    exit_code: int
    report: dict[str, Any]

    @property
    def conclusion(self) -> str:
        return self.report["conclusion"]

    @property
    def states(self) -> dict[str, str]:
        return {check["check"]: check["state"] for check in self.report["checks"]}

    def check(self, name: str) -> dict[str, Any]:
        (check,) = (c for c in self.report["checks"] if c["check"] == name)
        return check


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Callable[..., Verified]:
    """Run `verify --json`."""

    def run(base_url: str, *arguments: str) -> Verified:
        code = main(["verify", "--base-url", base_url, "--json", *arguments])
        report = json.loads(capsys.readouterr().out)
        assert report["exit_code"] == code
        return Verified(code, report)

    return run
