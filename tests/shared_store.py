"""Two servers that share a store, asked in turn, each with nothing in its memory."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from conversation_machine import ConversationMachine
from harness.app import ScriptedServer, ServerFactory, environment
from harness.client import Client, Reply
from harness.event_loop import EventLoopThread
from harness.scripted_engine import Answer

from vllm_responses_fix.stored.conversations import conversations_of


class AlternatingClient:
    """As `Client`, of several servers: every request goes to the next one.

    Attributes:
        servers: the next one first.
        forgets: whether its cache is emptied before.
    """

    def __init__(self, servers: list[ScriptedServer], *, forgets: bool = True) -> None:
        self.servers = servers
        self.forgets = forgets

    @property
    def server(self) -> ScriptedServer:
        """The one that the next request goes to."""
        return self.servers[0]

    @property
    def next(self) -> Client:
        server = self.servers.pop(0)
        self.servers.append(server)
        if self.forgets:
            stored_by(server).cache.clear()
        return Client(server)

    async def create(self, body: Mapping[str, Any], *answers: Answer | str) -> Reply:
        return await self.next.create(body, *answers)

    async def stream(self, body: Mapping[str, Any], *answers: Answer | str) -> Reply:
        return await self.next.stream(body, *answers)

    async def retrieve(self, response_id: str) -> Reply:
        return await self.next.retrieve(response_id)

    async def cancel(self, response_id: str) -> Reply:
        return await self.next.cancel(response_id)

    async def wait(self, response_id: str) -> Reply:
        return await self.next.wait(response_id)


def a_month_later(*servers: ScriptedServer) -> None:
    """Let servers find that what is stored now has expired."""
    later = time.time() + 31 * 86_400
    for server in servers:
        stored_by(server).store._store.clock = lambda: later


def stored_by(server: ScriptedServer) -> Any:
    """The stored conversations of a server."""
    return conversations_of(server.app.state.openai_serving_responses)


async def start_with_store(
    factory: ServerFactory, number: int, **settings: str
) -> list[ScriptedServer]:
    """Servers with one store."""
    with environment(store=False, **settings):
        return [await factory.start() for _ in range(number)]


def clients_of_one_store(
    factory: ServerFactory, loop: EventLoopThread, **settings: str
) -> Iterator[tuple[Client, Client]]:
    """Clients of two servers with one store, which go when they have been used."""
    servers = loop.run(start_with_store(factory, 2, **settings))
    first, second = map(Client, servers)
    yield first, second
    loop.run(close(servers))


async def close(servers: list[ScriptedServer]) -> None:
    for server in servers:
        await server.close()
        stored_by(server).store.close()


def sqlite_settings(folder: Path) -> dict[str, str]:
    return {"VLLM_RESPONSES_FIX_STORE": f"sqlite://{folder / 'responses.db'}"}


def store_settings(backend: str, folder: Path) -> dict[str, str]:
    """The environment of servers that share a store of this kind, which is empty."""
    if backend == "sqlite":
        return sqlite_settings(folder)
    import backends

    empty_server = getattr(backends, f"empty_{backend}_server")
    return {"VLLM_RESPONSES_FIX_STORE": empty_server().url}


def alternating_client(
    factory: ServerFactory, loop: EventLoopThread, settings: dict[str, str]
) -> Iterator[Any]:
    """A client of two servers, which go when it has been used."""
    with environment(**settings):
        servers = [loop.run(factory.start()) for _ in range(2)]
        yield AlternatingClient(list(servers))
    loop.run(close(servers))


class SharedStoreMachine(ConversationMachine):
    """Conversations of which every request goes to the other of two servers.

    Attributes:
        forgets: whether that server has nothing in its memory; else it has what went to
            it before.
    """

    client: Any
    forgets = True

    def __init__(
        self,
        factory: ServerFactory,
        loop: EventLoopThread,
        path: Any,
        settings: dict[str, str],
    ) -> None:
        super().__init__(factory, loop, path)
        self.settings = settings

    def start(self) -> None:
        self.servers = self.loop.run(start_with_store(self.factory, 2, **self.settings))
        self.client = AlternatingClient(list(self.servers), forgets=self.forgets)

    def close(self) -> None:
        self.loop.run(close(self.servers))

    def remember(self, node: Any, new_input: Any, reply: Reply) -> None:
        read = self.loop.run(self.client.retrieve(reply.id))
        assert read.body == reply.body
        super().remember(node, new_input, reply)
