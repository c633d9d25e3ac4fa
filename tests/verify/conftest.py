"""Servers that listen, and the command against them."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness.app import CHAT_ARGS, ScriptedServer, ServerFactory, environment

from vllm_responses_fix.cli import main


@pytest.fixture
def forgetful_server(
    chat_server_factory: ServerFactory, enter: Callable[..., Any]
) -> Iterator[ScriptedServer]:
    """A server that stores no response."""
    with environment(store=False):
        yield enter(_started(chat_server_factory))


@pytest.fixture(scope="session")
def api_key() -> str:
    return "open-sesame"


@pytest.fixture(scope="session")
def _locked_factory(chat_server_factory: ServerFactory, api_key: str) -> ServerFactory:
    model = Path(chat_server_factory.args.model)
    return ServerFactory(model, (*CHAT_ARGS, "--api-key", api_key))


@pytest.fixture
def locked_server(
    _locked_factory: ServerFactory, enter: Callable[..., Any]
) -> Iterator[ScriptedServer]:
    """A server that wants an API key."""
    with environment():
        yield enter(_started(_locked_factory))


@pytest.fixture(scope="session")
def _toolless_factory(chat_server_factory: ServerFactory) -> ServerFactory:
    return ServerFactory(Path(chat_server_factory.args.model), ())


@pytest.fixture
def toolless_server(
    _toolless_factory: ServerFactory, enter: Callable[..., Any]
) -> Iterator[ScriptedServer]:
    """A server that was given no parsers for tools and reasoning."""
    with environment():
        yield enter(_started(_toolless_factory))


@asynccontextmanager
async def _started(factory: ServerFactory) -> AsyncIterator[ScriptedServer]:
    server = await factory.start()
    yield server
    await server.close()


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
