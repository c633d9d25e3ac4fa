"""Several stores in one place: in other processes, or one after the other."""

import multiprocessing
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from backends import LARGE, Place, ids, reason, record

from vllm_responses_fix.store.opening import open_store
from vllm_responses_fix.store.protocol import NotStored
from vllm_responses_fix.store.settings import StoreSettings
from vllm_responses_fix.store.sqlite import SqliteStore

SPAWN = multiprocessing.get_context("spawn")


def test_a_restart_changes_nothing(shared_place: Place) -> None:
    store = shared_place.open()
    for id, parent in [("a", None), ("b", "a"), ("c", "b"), ("d", "a"), ("e", None)]:
        store.put(record(id, parent))
    store.put(record("f", "e", status="queued"))
    store.delete("b", "")
    store.delete("d", "")
    chain, usage = store.chain("c", ""), store.usage()
    store.close()
    again = shared_place.open()
    assert again.chain("c", "") == chain
    assert again.usage() == usage
    assert reason(again, "b") == reason(again, "d") == "deleted"
    assert again.put(record("f", "e"))


def test_what_one_puts_another_reads(shared_place: Place) -> None:
    one, other = shared_place.open(), shared_place.open()
    one.put(record("a", status="queued"))
    assert other.get("a", "").status == "queued"
    assert other.put(record("a", status="cancelled"))
    assert one.touch([("", "a")]) == {("", "a")}
    assert not one.put(record("a"))
    other.put(record("b", "a"))
    assert ids(one.chain("b", "")) == ["a", "b"]
    one.delete("b", "")
    assert reason(other, "b") == "deleted"


def test_a_read_in_another_process_is_a_use(shared_place: Place) -> None:
    one, other = shared_place.open(ttl=1000), shared_place.open(ttl=1000)
    one.put(record("a"))
    for _ in range(5):
        shared_place.clock.now += 900
        other.head("a", "")
    one.sweep()
    assert ids(one.chain("a", "")) == ["a"]


def converse(path: Path, name: str, turns: int) -> None:
    store = SqliteStore(path, ttl=LARGE, max_bytes=None)
    parent = None
    for turn in range(turns):
        assert store.put_new(record(f"{name} {turn}", parent))
        parent = f"{name} {turn}"
    store.close()


def test_processes_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "responses.db"
    run_all([partial(converse, path, name, 50) for name in "abcd"])
    with closing(SqliteStore(path, ttl=LARGE, max_bytes=None)) as store:
        for name in "abcd":
            chain = ids(store.chain(f"{name} 49", ""))
            assert chain == [f"{name} {turn}" for turn in range(50)]
        assert store.usage().conversations == 4


def test_a_store_that_is_opened_leaves_the_locks_of_another(tmp_path: Path) -> None:
    """As SQLite says, on POSIX a file that is closed loses all locks of its process."""
    path = tmp_path / "responses.db"
    with closing(SqliteStore(path, ttl=LARGE, max_bytes=None)) as store:
        store.put(record("a"))
        SqliteStore(path, ttl=LARGE, max_bytes=None).close()
        # Were the locks gone, it would take itself for the last one, and take the log
        # away.
        run_all([partial(converse, path, "other", 1)])
        assert (tmp_path / "responses.db-wal").exists()
        assert store.put(record("b", "a"))
        assert ids(store.chain("b", "")) == ["a", "b"]


def serve(queue: Any, end: Any, name: str) -> None:
    """Be an API process that stores a response and waits for the others."""
    store = open_store(StoreSettings(), processes=3)
    store.put(record(name))
    queue.put(name)
    end.wait()
    for other in "abc":
        store.get(other, "")
    store.close()


def test_processes_of_a_server_share_a_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    queue, end = SPAWN.Queue(), SPAWN.Event()
    processes = [SPAWN.Process(target=serve, args=(queue, end, n)) for n in "abc"]
    for process in processes:
        process.start()
    assert {queue.get(timeout=60) for _ in processes} == {"a", "b", "c"}
    assert len(list(tmp_path.iterdir())) == 1
    end.set()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert not list(tmp_path.iterdir())


def open_and_wait(queue: Any) -> None:
    open_store(StoreSettings(), processes=2)
    queue.put(os.getpid())
    time.sleep(600)


def test_a_killed_servers_temporary_file_goes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    queue = SPAWN.Queue()
    process = SPAWN.Process(target=open_and_wait, args=(queue,))
    process.start()
    queue.get(timeout=60)
    [folder] = tmp_path.iterdir()
    # A server of another key does not touch what is in use.
    other = folder.with_name("vllm-responses-fix-store-other")
    other.mkdir()
    # Nor what is not a store's: the demo has its logs in such a folder.
    demo = tmp_path / "vllm-responses-fix-demo-1"
    demo.mkdir()
    with closing(open_store(StoreSettings(), processes=2)):
        assert folder.exists() and not other.exists()
    process.kill()
    process.join(60)
    # Of another server, since this one's processes would share it.
    folder.rename(other)
    with closing(open_store(StoreSettings(), processes=2)):
        assert not other.exists()
    assert list(tmp_path.iterdir()) == [demo]


def put_for_ever(path: Path, told: Any) -> None:
    """Put turns, and say after each that it is stored."""
    store = SqliteStore(path, ttl=LARGE, max_bytes=None)
    parent = None
    for turn in range(1_000_000):
        store.put(record(f"turn {turn}", parent, body=b"%d" % turn * 500))
        parent = f"turn {turn}"
        told.send(turn)


@pytest.mark.parametrize("after", [0.0, 0.01, 0.05, 0.2])
def test_what_was_put_survives_kill(tmp_path: Path, after: float) -> None:
    path = tmp_path / "responses.db"
    read, write = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=put_for_ever, args=(path, write))
    process.start()
    write.close()
    last = read.recv()
    time.sleep(after)
    process.kill()
    with suppress(EOFError):
        while True:
            last = read.recv()
    process.join()
    with closing(SqliteStore(path, ttl=LARGE, max_bytes=None)) as store:
        chain = store.chain(f"turn {last}", "")
        assert [r.body for r in chain] == [b"%d" % t * 500 for t in range(last + 1)]
        # The next one may be there, whole, or not at all.
        assert store.usage().records in (last + 1, last + 2)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_turns_take_the_same_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "responses.db"
    sizes = []
    parent = None
    with closing(SqliteStore(path, ttl=LARGE, max_bytes=None)) as store:
        for turn in range(401):
            if turn in (1, 101, 301):
                sizes.append((written(), on_disk(path)))
            store.put(record(f"turn {turn:03}", parent, body=os.urandom(2000)))
            parent = f"turn {turn:03}"
        sizes.append((written(), on_disk(path)))
    for first, second, third, fourth in zip(*sizes, strict=True):
        early, late = second - first, fourth - third
        assert early * 0.8 < late < early * 1.2
    # Of the file, the last one.
    assert late < 100 * 2000 * 1.5


def written() -> int:
    """The bytes that this process has written."""
    counts = dict(
        line.split(": ") for line in Path("/proc/self/io").read_text().splitlines()
    )
    return int(counts["wchar"])


def on_disk(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def test_what_is_deleted_is_not_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "responses.db"
    with closing(SqliteStore(path, ttl=LARGE, max_bytes=None)) as store:
        for number in range(20):
            store.put(record(str(number), body=b"SECRET" * 1000))
            store.delete(str(number), "")
            with pytest.raises(NotStored):
                store.get(str(number), "")
    assert b"SECRET" not in path.read_bytes()


def run_all(targets: list[Callable[[], None]]) -> None:
    processes = [SPAWN.Process(target=target) for target in targets]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
