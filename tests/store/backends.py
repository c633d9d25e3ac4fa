"""The stores under test, all with one clock that the test sets."""

import atexit
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from postgres_server import PostgresServer
from redis_server import RedisServer

from vllm_responses_fix.store.memory import MemoryStore
from vllm_responses_fix.store.postgres import PostgresStore
from vllm_responses_fix.store.protocol import NotStored, Store
from vllm_responses_fix.store.record import Record
from vllm_responses_fix.store.redis import RedisStore
from vllm_responses_fix.store.sqlite import SqliteStore

DAY = 86_400.0
LARGE = 1 << 40


class Clock:
    """Seconds since 1970, when the test says so."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Place:
    """Where stores of one backend are opened, all with the same records in them.

    Attributes:
        clock: of all stores that it opens.
        shared: whether the next one has the records of the last one.
    """

    def __init__(self, opened: Callable[..., Store], *, shared: bool = True) -> None:
        self.clock = Clock()
        self.shared = shared
        self._opened = opened
        self._stores = ExitStack()

    def open(self, *, ttl: float = 30 * DAY, max_bytes: int = LARGE) -> Store:
        store = self._opened(ttl=ttl, max_bytes=max_bytes, clock=self.clock)
        self._stores.callback(store.close)
        return store

    def close(self) -> None:
        self._stores.close()


@contextmanager
def memory(_: Path) -> Iterator[Place]:
    yield Place(MemoryStore, shared=False)


@contextmanager
def sqlite(folder: Path) -> Iterator[Place]:
    yield Place(partial(SqliteStore, folder / "responses.db"))


@contextmanager
def redis(_: Path) -> Iterator[Place]:
    yield Place(partial(RedisStore, empty_redis_server().url))


def empty_redis_server() -> RedisServer:
    """The server of this test run, with nothing stored in it."""
    server = _redis_server()
    server.empty()
    return server


@cache
def _redis_server() -> RedisServer:
    server = RedisServer()
    atexit.register(server.close)
    return server


@contextmanager
def postgres(_: Path) -> Iterator[Place]:
    yield Place(partial(PostgresStore, empty_postgres_server().url))


def empty_postgres_server() -> PostgresServer:
    """The server of this test run, with nothing stored in it."""
    server = _postgres_server()
    server.empty()
    return server


@cache
def _postgres_server() -> PostgresServer:
    server = PostgresServer()
    atexit.register(server.close)
    return server


BACKENDS: dict[str, Callable[[Path], Any]] = {
    "memory": memory,
    "sqlite": sqlite,
    "redis": redis,
    "postgres": postgres,
}
SHARED = [name for name in BACKENDS if name != "memory"]


def record(
    id: str,
    parent: str | None = None,
    *,
    body: bytes | None = None,
    owner: str = "",
    status: str = "completed",
) -> Record:
    """A response, with a body of its own."""
    body = f"body of {id}".encode("utf-8", "replace") if body is None else body
    return Record(id, owner, parent, status, body)


def ids(records: list[Record]) -> list[str]:
    return [each.id for each in records]


def reason(store: Store, id: str, owner: str = "") -> str:
    """Why a response is not there."""
    with pytest.raises(NotStored) as error:
        store.chain(id, owner)
    assert error.value.id == id
    return error.value.reason
