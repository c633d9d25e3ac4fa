"""What only a Redis server can do: be away, restart, refuse, hang."""

import os
import signal
import time
from typing import Any

import pytest
from backends import LARGE, empty_redis_server, ids, record
from redis import Redis
from redis_server import RedisServer

from vllm_responses_fix.settings import SettingsError
from vllm_responses_fix.store.opening import open_store
from vllm_responses_fix.store.protocol import StoreUnavailable
from vllm_responses_fix.store.redis import RedisStore
from vllm_responses_fix.store.settings import StoreSettings


@pytest.fixture
def server() -> RedisServer:
    return empty_redis_server()


def refused(url: str) -> str:
    with pytest.raises(SettingsError) as error:
        open_store(StoreSettings(url))
    assert "SECRET" not in str(error.value) and error.value.__suppress_context__
    return str(error.value)


def test_what_was_put_survives_kill(server: RedisServer) -> None:
    store = RedisStore(server.url, ttl=LARGE, max_bytes=None)
    parent = None
    for turn in range(20):
        store.put(record(f"turn {turn}", parent))
        parent = f"turn {turn}"
    server.stop()
    for call in (store.get, store.chain, store.delete):
        with pytest.raises(StoreUnavailable, match="Redis"):
            call("turn 0", "")
    with pytest.raises(StoreUnavailable):
        store.put(record("turn 20", parent))
    server.start()
    assert ids(store.chain("turn 19", "")) == [f"turn {turn}" for turn in range(20)]
    assert store.put(record("turn 20", parent))
    store.close()


def test_a_server_that_hangs_is_unavailable(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vllm_responses_fix.store.redis._TIMEOUT", 2.0)
    store = RedisStore(server.url, ttl=LARGE, max_bytes=None)
    store.put(record("a"))
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            store.get("a", "")
        assert time.monotonic() - began < 60
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    assert store.get("a", "").body == b"body of a"
    store.close()


def test_a_server_that_is_not_there_or_refuses(server: RedisServer) -> None:
    for url in ("redis://me:SECRET@127.0.0.1:1/0", "redis://127.0.0.1:1"):
        assert "does not answer" in refused(url)
    wrong = server.url.replace("//", "//me:SECRET@")
    assert "user and password" in refused(wrong)
    assert "check it" in refused(f"{server.url}?socket_timeout=SECRET")


def test_a_newer_format_is_refused(server: RedisServer) -> None:
    with Redis.from_url(server.url) as client:
        client.set("{vllm-responses-fix}:format", 99)
    assert "install the newer one" in refused(server.url)


def test_a_full_server_is_unavailable(server: RedisServer) -> None:
    store = RedisStore(server.url, ttl=LARGE, max_bytes=None)
    store.put(record("a"))
    with Redis.from_url(server.url) as client:
        client.config_set("maxmemory", 1)
        with pytest.raises(StoreUnavailable, match="maxmemory"):
            store.put(record("b", "a"))
        client.config_set("maxmemory", 0)
    assert ids(store.chain("a", "")) == ["a"]
    assert store.usage().records == 1
    assert store.put(record("b", "a"))
    store.close()


def test_turns_take_the_same_of_a_server(server: RedisServer) -> None:
    store = RedisStore(server.url, ttl=LARGE, max_bytes=None)
    sizes = []
    parent = None
    with Redis.from_url(server.url) as client:
        for turn in range(401):
            if turn in (1, 101, 301):
                sizes.append((kept(client), written(client)))
            store.put(record(f"turn {turn:03}", parent, body=os.urandom(2000)))
            parent = f"turn {turn:03}"
        sizes.append((kept(client), written(client)))
    store.close()
    for first, second, third, fourth in zip(*sizes, strict=True):
        early, late = second - first, fourth - third
        assert early * 0.8 < late < early * 1.2


def written(client: Redis) -> int:
    """The bytes of the server's log."""
    persistence: Any = client.info("persistence")
    return int(persistence["aof_current_size"])


def kept(client: Redis) -> int:
    """The bytes of all values, without what the server keeps ready beside them."""
    return sum(
        client.memory_usage(key, samples=0) or 0  # type: ignore[misc]
        for key in client.scan_iter(count=1000)
    )
