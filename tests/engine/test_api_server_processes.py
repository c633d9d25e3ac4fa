"""With `--api-server-count 2` the kit is active in both API server processes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from scripts.demo import bug_report
from scripts.demo.client import Client
from scripts.demo.server import Server

PROCESSES = 2
# Which process accepts a connection is up to the kernel.
CONNECTIONS_TRIED = 64


@pytest.fixture
def server(
    kit_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with Server(
        "two-process",
        sys.executable,
        tmp_path_factory.mktemp("two-process") / "server.log",
        environment=kit_environment,
        arguments=("--api-server-count", str(PROCESSES)),
    ) as server:
        server.wait()
        yield server


def test_every_api_server_process_has_the_kit(server: Server) -> None:
    # Every process has a store of its own, and a connection stays with its process:
    # a response that a connection does not know was made by another process.
    made_by_process: list[str] = []
    with ExitStack() as open_connections:
        for _ in range(CONNECTIONS_TRIED):
            client = open_connections.enter_context(Client(server.url))
            if any(client.knows(response_id) for response_id in made_by_process):
                continue
            turns = bug_report.run(client)
            assert all(turn.passed for turn in turns)
            made_by_process.append(turns[-1].reply.id)
            if len(made_by_process) == PROCESSES:
                break

    assert len(made_by_process) == PROCESSES
