"""Servers whose store is killed, or hangs, while they serve."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from backends import empty_postgres_server, empty_redis_server
from harness.app import ServerFactory
from harness.client import Client, Conversation
from harness.event_loop import EventLoopThread
from postgres_server import PostgresServer
from redis_server import RedisServer
from shared_store import clients_of_one_store, stored_by

from vllm_responses_fix.stored import unsaved

pytestmark = pytest.mark.guards("stored-responses")

StoreServer = RedisServer | PostgresServer


@pytest.fixture(params=[empty_redis_server, empty_postgres_server])
def store_server(request: pytest.FixtureRequest) -> StoreServer:
    return request.param()


@pytest.fixture
def two_clients(
    store_server: StoreServer,
    chat_server_factory: ServerFactory,
    event_loop_thread: EventLoopThread,
) -> Iterator[tuple[Client, Client]]:
    """Clients of two servers with that store."""
    yield from clients_of_one_store(
        chat_server_factory,
        event_loop_thread,
        VLLM_RESPONSES_FIX_STORE=store_server.url,
    )


@contextmanager
def killed(server: StoreServer) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def hanging(server: StoreServer) -> Iterator[None]:
    main = psutil.Process(server.process.pid)
    processes = [main, *main.children(recursive=True)]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)


async def test_answers_wait_while_the_store_is_killed(
    two_clients: tuple[Client, Client],
    store_server: StoreServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unsaved, "RETRY_SECONDS", 0.02)
    first, second = two_clients
    begun = await first.create({"input": "One."}, "First.")
    body = {"input": "Two.", "previous_response_id": begun.id}
    with killed(store_server):
        for client in two_clients:
            refused = await client.create(body, "Never.")
            assert refused.status == 503
            assert "can't be read at the moment" in refused.error
        raw = await second.server.http.get(f"/v1/responses/{begun.id}")
        assert (raw.status_code, raw.headers["retry-after"]) == (503, "5")
        new = await first.create({"input": "Alone."}, "Answered.")
        conversation = Conversation().extended("Alone.", new)
        chained = await first.create(conversation.chain_body("Go on."), "Gone on.")
        assert chained.status == 200
        conversation = conversation.extended("Go on.", chained)
    while stored_by(first.server)._unsaved.has(("", chained.id)):
        await asyncio.sleep(0.01)
    elsewhere = await second.create(conversation.chain_body("And?"), "Done.")
    replayed = await second.create(conversation.replay_body("And?"), "Done.")
    assert elsewhere.prompt.token_ids == replayed.prompt.token_ids
    assert (await second.create(body, "Second.")).status == 200


async def test_a_store_that_hangs_holds_up_nobody_else(
    two_clients: tuple[Client, Client], store_server: StoreServer
) -> None:
    first, second = two_clients
    begun = await first.create({"input": "One."}, "First.")
    with hanging(store_server):
        needs_it = asyncio.create_task(
            second.create({"input": "Two.", "previous_response_id": begun.id}, "Next.")
        )
        for _ in range(3):
            other = await second.create({"input": "Hi.", "store": False}, "Hello.")
            assert other.status == 200
        assert not needs_it.done()
    assert (await needs_it).status == 200


async def test_what_is_given_up_is_said(
    two_clients: tuple[Client, Client],
    store_server: StoreServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unsaved, "RETRY_SECONDS", 0.02)
    monkeypatch.setattr(unsaved, "WAITING_BYTES", 5_000)
    first, second = two_clients
    with killed(store_server):
        replies = [await first.create({"input": "Hi."}, "Hello.") for _ in range(4)]
    waiting = stored_by(first.server)._unsaved
    while waiting.has(("", replies[-1].id)):
        await asyncio.sleep(0.01)
    found = [(await second.retrieve(reply.id)).status for reply in replies]
    assert found[-1] == 200
    assert found.count(404) == waiting.given_up > 0
