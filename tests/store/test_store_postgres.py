"""What only a PostgreSQL server can do: be away, restart, refuse, hang."""

import os
import signal
from contextlib import suppress

import psutil
import psycopg
import pytest
from backends import LARGE, empty_postgres_server, ids, record
from postgres_server import PostgresServer

from vllm_responses_fix.settings import SettingsError
from vllm_responses_fix.store.opening import open_store
from vllm_responses_fix.store.postgres import PostgresStore
from vllm_responses_fix.store.protocol import StoreUnavailable
from vllm_responses_fix.store.settings import StoreSettings


@pytest.fixture
def server() -> PostgresServer:
    return empty_postgres_server()


def refused(url: str) -> str:
    with pytest.raises(SettingsError) as error:
        open_store(StoreSettings(url))
    assert "SECRET" not in str(error.value) and error.value.__suppress_context__
    return str(error.value)


def test_what_was_put_survives_a_crash(server: PostgresServer) -> None:
    store = PostgresStore(server.url, ttl=LARGE, max_bytes=None)
    parent = None
    for turn in range(20):
        store.put(record(f"turn {turn}", parent))
        parent = f"turn {turn}"
    server.stop()
    for call in (store.get, store.chain, store.delete):
        with pytest.raises(StoreUnavailable, match="PostgreSQL"):
            call("turn 0", "")
    with pytest.raises(StoreUnavailable):
        store.put(record("turn 20", parent))
    server.start()
    assert ids(store.chain("turn 19", "")) == [f"turn {turn}" for turn in range(20)]
    assert store.put(record("turn 20", parent))
    store.close()


def test_a_server_that_hangs_is_unavailable(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = PostgresStore(server.url, ttl=LARGE, max_bytes=None)
    store.put(record("a"))
    monkeypatch.setattr("vllm_responses_fix.store.postgres_connections._TIMEOUT", 2.0)
    processes = psutil.Process(server.process.pid).children(recursive=True)
    for process in processes:
        process.suspend()
    try:
        with pytest.raises(StoreUnavailable):
            store.get("a", "")
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                os.kill(process.pid, signal.SIGCONT)
    assert store.get("a", "").body == b"body of a"
    store.close()


def test_a_server_that_is_not_there_or_refuses(server: PostgresServer) -> None:
    assert "does not answer" in refused("postgresql://me:SECRET@127.0.0.1:1/db")
    nobody = server.url.replace("postgres@", "me:SECRET@")
    assert "user and password" in refused(nobody)
    assert "check it" in refused(f"{server.url}?password=SECRET&no_option=SECRET")


def test_a_user_who_may_not_create_tables(server: PostgresServer) -> None:
    server.execute("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN")
    message = refused(server.url.replace("postgres@", "reader@"))
    assert "permission denied" in message and "create tables" in message


def test_a_newer_format_is_refused(server: PostgresServer) -> None:
    open_store(StoreSettings(server.url)).close()
    server.execute("UPDATE vllm_responses_format SET format = 99")
    assert "install the newer one" in refused(server.url)


def test_a_read_only_server_can_be_read(server: PostgresServer) -> None:
    store = PostgresStore(server.url, ttl=LARGE, max_bytes=None)
    store.put(record("a"))
    server.execute("ALTER DATABASE postgres SET default_transaction_read_only = on")
    store.close()
    store = PostgresStore(server.url, ttl=LARGE, max_bytes=None)
    try:
        with pytest.raises(StoreUnavailable, match="read-only"):
            store.put(record("b", "a"))
        assert ids(store.chain("a", "")) == ["a"]
    finally:
        store.close()
        server.execute(
            "BEGIN READ WRITE; "
            "ALTER DATABASE postgres RESET default_transaction_read_only; COMMIT"
        )


def test_turns_take_the_same_of_a_server(server: PostgresServer) -> None:
    store = PostgresStore(server.url, ttl=LARGE, max_bytes=None)
    sizes = []
    parent = None
    with psycopg.connect(server.url, autocommit=True) as connection:
        for turn in range(401):
            if turn in (1, 101, 301):
                sizes.append(kept_and_written(connection))
            store.put(record(f"turn {turn:03}", parent, body=os.urandom(2000)))
            parent = f"turn {turn:03}"
        sizes.append(kept_and_written(connection))
    store.close()
    for first, second, third, fourth in zip(*sizes, strict=True):
        early, late = second - first, fourth - third
        assert early * 0.8 < late < early * 1.2


def kept_and_written(connection: psycopg.Connection) -> tuple[int, int]:
    """The bytes of the records, all columns, and those of the server's log."""
    row = connection.execute(
        "SELECT sum(pg_column_size(r.*))::bigint, "
        "pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint "
        "FROM vllm_responses_records r"
    ).fetchone()
    # What is changed first after a checkpoint goes to the log as a whole page.
    connection.execute("CHECKPOINT")
    assert row is not None
    return row[0], row[1]
