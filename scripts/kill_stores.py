"""Kill stores while turns are put, again and again: is what was put still there?

    scripts/run.sh kill_stores [--rounds 50] [sqlite redis postgres]

Four threads hold conversations and note each turn that the store has said is put. At
a random moment, the process that writes is killed (SQLite), or the server (Redis,
PostgreSQL). Then every noted turn has to be read, with its conversation whole, and
nothing may be there but what was noted and the turns that were being put.
"""

import argparse
import multiprocessing
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "store")]

from postgres_server import PostgresServer  # noqa: E402
from redis_server import RedisServer  # noqa: E402

from vllm_responses_fix.store.postgres import PostgresStore  # noqa: E402
from vllm_responses_fix.store.protocol import Store, StoreUnavailable  # noqa: E402
from vllm_responses_fix.store.record import Record  # noqa: E402
from vllm_responses_fix.store.redis import RedisStore  # noqa: E402
from vllm_responses_fix.store.sqlite import SqliteStore  # noqa: E402

SPAWN = multiprocessing.get_context("spawn")
WRITERS = 4
YEAR = 365 * 86_400.0

Server = RedisServer | PostgresServer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("stores", nargs="*", metavar="store", help="default: all three")
    arguments = parser.parse_args()
    for name in arguments.stores or STORES:
        turns = STORES[name](arguments.rounds)
        print(f"{name}: killed {arguments.rounds} times, {turns} turns put, none lost")


def body(name: str) -> bytes:
    return name.encode() * 100


def converse(store: Store, writer: str, note: Callable[[str], None]) -> None:
    """Put turns of 20 to a conversation, until the store is gone."""
    number = 0
    with suppress(StoreUnavailable):
        while True:
            name = f"{writer} {number}"
            parent = f"{writer} {number - 1}" if number % 20 else None
            assert store.put(Record(name, "", parent, "completed", body(name)))
            note(name)
            number += 1


def write(store: Store, note: Callable[[str], None]) -> list[threading.Thread]:
    writers = [
        threading.Thread(target=converse, args=(store, str(each), note), daemon=True)
        for each in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    return writers


def check(store: Store, noted: list[str]) -> int:
    for name in noted:
        writer, number = name.split()
        first = int(number) // 20 * 20
        names = [f"{writer} {each}" for each in range(first, int(number) + 1)]
        chain = store.chain(name, "")
        assert [(r.id, r.body) for r in chain] == [(n, body(n)) for n in names]
    beside = store.usage().records - len(noted)
    assert 0 <= beside <= WRITERS, f"{beside} that nobody was told of"
    return len(noted)


def write_to_file(path: Path, noted: Any) -> None:
    lock = threading.Lock()

    def note(name: str) -> None:
        with lock:
            noted.send(name)

    store = SqliteStore(path, ttl=YEAR, max_bytes=None)
    for writer in write(store, note):
        writer.join()


def kill_writer() -> int:
    noted = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "responses.db"
        receiver, sender = SPAWN.Pipe(duplex=False)
        process = SPAWN.Process(target=write_to_file, args=(path, sender))
        process.start()
        sender.close()
        noted.append(receiver.recv())
        timer = threading.Timer(random.uniform(0, 0.3), process.kill)
        timer.start()
        with suppress(EOFError):
            while True:
                noted.append(receiver.recv())
        process.join()
        with closing(SqliteStore(path, ttl=YEAR, max_bytes=None)) as store:
            turns = check(store, noted)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return turns


def kill_server(server: Server, opened: Callable[..., Store], rounds: int) -> int:
    turns = 0
    with closing(server):
        for _ in range(rounds):
            server.empty()
            noted: list[str] = []
            with closing(opened(server.url, ttl=YEAR, max_bytes=None)) as store:
                writers = write(store, noted.append)
                time.sleep(random.uniform(0, 0.3))
                server.stop()
                for writer in writers:
                    writer.join()
                server.start()
                turns += check(store, noted)
    return turns


STORES: dict[str, Callable[[int], int]] = {
    "sqlite": lambda rounds: sum(kill_writer() for _ in range(rounds)),
    "redis": lambda rounds: kill_server(RedisServer(), RedisStore, rounds),
    "postgres": lambda rounds: kill_server(PostgresServer(), PostgresStore, rounds),
}


if __name__ == "__main__":
    main()
