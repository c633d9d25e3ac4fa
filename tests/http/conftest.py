from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.app import ServerFactory
from harness.client import Client
from harness.event_loop import EventLoopThread
from shared_store import clients_of_one_store, sqlite_settings


@pytest.fixture(params=["chat", "chat_parts"])
def either_chat(request: pytest.FixtureRequest) -> Client:
    """A client of each of the two kinds of chat template."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def two_clients(
    chat_server_factory: ServerFactory,
    event_loop_thread: EventLoopThread,
    tmp_path: Path,
) -> Iterator[tuple[Client, Client]]:
    """Clients of two servers with one store."""
    yield from clients_of_one_store(
        chat_server_factory, event_loop_thread, **sqlite_settings(tmp_path)
    )
