"""Stored responses in a SQLite file, which several processes may share."""

import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, TimeoutError
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from . import protocol
from .protocol import ABANDONED, Clock, Key, NotStored, Reason, StoreUnavailable, Usage
from .record import OVERHEAD, UNFINISHED, Record, decode_id, encode_id

T = TypeVar("T")

FORMAT = 1
_APPLICATION = 0x76525366
_TIMEOUT = 5.0
_BATCH = 256
# Conversations that one transaction removes, lest the others wait for it.
_AT_ONCE = 100

_SCHEMA = """
CREATE TABLE conversations (
    key INTEGER PRIMARY KEY,
    used REAL NOT NULL,
    bytes INTEGER NOT NULL
);
CREATE INDEX conversations_by_use ON conversations (used);
CREATE TABLE records (
    key INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL,
    parent INTEGER,
    owner BLOB NOT NULL,
    id BLOB NOT NULL,
    status TEXT NOT NULL,
    updated REAL NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    body BLOB NOT NULL,
    UNIQUE (owner, id)
);
CREATE INDEX records_by_parent ON records (conversation, parent);
CREATE INDEX records_unfinished ON records (conversation)
    WHERE status IN ('queued', 'in_progress');
CREATE TABLE gone (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    owner BLOB NOT NULL,
    id BLOB NOT NULL,
    reason TEXT NOT NULL,
    UNIQUE (owner, id)
);
CREATE TABLE total (bytes INTEGER NOT NULL);
INSERT INTO total VALUES (0);
"""

_FIND = """
SELECT r.key, r.conversation, r.parent, r.status, r.deleted,
    length(r.body) AS length, c.used
FROM records r JOIN conversations c ON c.key = r.conversation
WHERE r.owner = ? AND r.id = ?
"""

_HEAD = """
SELECT r.owner, r.id, p.id, r.status, {body}, r.updated
FROM records r LEFT JOIN records p ON p.key = r.parent
WHERE r.key = ?
"""

_CHAIN = """
WITH RECURSIVE chain (key, parent, depth) AS (
    SELECT key, parent, 0 FROM records WHERE key = ?
    UNION ALL
    SELECT r.key, r.parent, depth + 1
    FROM chain JOIN records r ON r.key = chain.parent
)
SELECT r.owner, r.id, NULL, r.status, r.body, r.updated
FROM chain JOIN records r USING (key)
ORDER BY depth DESC
"""

_IN_PROGRESS = """
EXISTS (
    SELECT 1 FROM records r
    WHERE r.conversation = c.key AND r.status IN ('queued', 'in_progress')
        AND r.updated > ?
)
"""


class _Row(NamedTuple):
    key: int
    conversation: int
    parent: int | None
    status: str
    deleted: int
    length: int
    used: float


class _Write(NamedTuple):
    """What is to be done in a transaction, and who waits for it.

    An action that raises `NotStored` has changed nothing but removed what has expired.
    """

    action: Callable[[sqlite3.Connection], Any]
    future: "Future[Any]"


class SqliteStore:
    """The store in a file; see `Store` for its methods.

    All writes go through one thread, which puts those that wait into one transaction.
    """

    shared = True

    def __init__(
        self,
        path: str | Path,
        *,
        ttl: float,
        max_bytes: int | None,
        clock: Clock = time.time,
        durable: bool = True,
        closed: Callable[[], None] | None = None,
    ) -> None:
        """Open the file, which is made if it is not there, for its user only.

        Args:
            path: of the file, on a local disk.
            ttl: seconds that an unused conversation stays.
            max_bytes: of all records, if there is a limit.
            clock: seconds since 1970.
            durable: what was put survives a power cut. Else only the process's end.
            closed: called when the file has been closed.

        Raises:
            StoreUnavailable: it can't be written, or is not such a file.
        """
        self.clock = clock
        self._path = str(path)
        self._ttl = ttl
        self._max_bytes = max_bytes
        self._durable = durable
        self.removed: dict[Reason, int] = {"evicted": 0, "expired": 0}
        self._readers: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._waiting: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._closed = closed
        self._turn = -1
        try:
            connection = self._open_file()
        except BaseException:
            if self._turn >= 0:
                os.close(self._turn)
            raise
        self._writer = threading.Thread(
            target=self._write_all,
            args=(connection,),
            name="responses-store",
            daemon=True,
        )
        self._writer.start()

    def put(self, record: Record) -> bool:
        return self._write(lambda connection: self._put(connection, record, new=False))

    def put_new(self, record: Record) -> bool:
        return self._write(lambda connection: self._put(connection, record, new=True))

    def get(self, id: str, owner: str) -> Record:
        return self._read(id, owner, _HEAD.format(body="r.body"))[0]

    def head(self, id: str, owner: str) -> Record:
        return self._read(id, owner, _HEAD.format(body="x''"))[0]

    def chain(self, id: str, owner: str) -> list[Record]:
        records = self._read(id, owner, _CHAIN)
        parents = [None, *(record.id for record in records[:-1])]
        return [
            Record(r.id, r.owner, parent, r.status, r.body, r.updated)
            for r, parent in zip(records, parents, strict=True)
        ]

    def delete(self, id: str, owner: str) -> None:
        self._write(lambda connection: self._delete(connection, id, owner))

    def touch(self, keys: Iterable[Key]) -> set[Key]:
        keys = list(keys)
        if not keys:
            return set()
        return self._write(lambda connection: self._touch(connection, keys))

    def sweep(self) -> None:
        while self._write(self._retain):
            pass

    def usage(self) -> Usage:
        with self._reader() as connection:
            conversations, records, size = connection.execute(
                "SELECT (SELECT count(*) FROM conversations), "
                "(SELECT count(*) FROM records), (SELECT bytes FROM total)"
            ).fetchone()
        return Usage(
            conversations=conversations,
            records=records,
            bytes=size,
        )

    def close(self) -> None:
        if not self._writer.is_alive():
            return
        self._waiting.put(None)
        self._writer.join()
        with self._its_turn():
            while not self._readers.empty():
                self._readers.get().close()
        os.close(self._turn)
        if self._closed is not None:
            self._closed()

    # Opening

    def _open_file(self) -> sqlite3.Connection:
        try:
            # SQLite would make it with the mode that the umask gives, and its helper
            # files have the mode of the file. To open and close one that is there would
            # release the locks that this process has on it.
            with suppress(FileExistsError):
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
                os.close(os.open(self._path, flags, 0o600))
            self._turn = os.open(f"{self._path}-lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreUnavailable(
                f"the file can't be written ({error.strerror}), so name one in a "
                f"folder that this user may write to"
            ) from None
        try:
            with self._its_turn():
                connection = self._connect()
                connection.execute("PRAGMA journal_mode = WAL").fetchone()
                connection.execute("BEGIN IMMEDIATE")
                self._make_or_check(connection)
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreUnavailable(
                f"the file can't be written as a SQLite database ({error}), so name "
                f"another one, on a local disk"
            ) from None
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
        )
        # FULL waits for the disk at each commit, so a power cut loses nothing that was
        # put. The end of a process alone loses nothing either way.
        level = "FULL" if self._durable else "OFF"
        connection.execute(f"PRAGMA synchronous = {level}")
        # What a user deletes does not stay in free pages of the file.
        connection.execute("PRAGMA secure_delete = ON")
        return connection

    def _make_or_check(self, connection: sqlite3.Connection) -> None:
        [application] = connection.execute("PRAGMA application_id").fetchone()
        [version] = connection.execute("PRAGMA user_version").fetchone()
        [tables] = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables and not application:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        elif application != _APPLICATION:
            connection.close()
            raise StoreUnavailable(
                "the file is a database of something else, so name another one"
            )
        elif version > FORMAT:
            connection.close()
            raise StoreUnavailable(
                f"the file has format {version} of a newer vllm-responses-fix and this "
                f"one reads up to {FORMAT}, so install the newer one or name another "
                f"file"
            )

    # Reading

    def _read(self, id: str, owner: str, query: str) -> list[Record]:
        with self._reader() as connection:
            # One snapshot for both queries.
            connection.execute("BEGIN")
            try:
                row = self._find(connection, id, owner)
                if row is not None and row.used <= self.clock() - self._ttl:
                    row = None
                elif row is None or row.deleted:
                    raise self._not_stored(connection, id, owner, row)
                else:
                    found = connection.execute(query, (row.key,)).fetchall()
            finally:
                connection.execute("ROLLBACK")
        if row is None:
            # It looks expired. If it is not, because it is in progress, it is used now.
            self._write(lambda connection: self._use(connection, id, owner))
            return self._read(id, owner, query)
        if row.used < self.clock() - min(protocol.RENEWED_AFTER, self._ttl / 100):
            # A full disk does not keep anybody from reading.
            with suppress(StoreUnavailable):
                self._write(lambda connection: self._use(connection, id, owner))
        return [
            Record(
                decode_id(id),
                decode_id(owner),
                None if parent is None else decode_id(parent),
                *others,
            )
            for owner, id, parent, *others in found
        ]

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        try:
            try:
                connection = self._readers.get_nowait()
            except queue.Empty:
                connection = self._connect()
            try:
                yield connection
            finally:
                self._readers.put(connection)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"SQLite: {error}") from None

    def _find(self, connection: sqlite3.Connection, id: str, owner: str) -> _Row | None:
        row = connection.execute(_FIND, (encode_id(owner), encode_id(id))).fetchone()
        return None if row is None else _Row(*row)

    def _not_stored(
        self, connection: sqlite3.Connection, id: str, owner: str, row: _Row | None
    ) -> NotStored:
        if row is not None:
            return NotStored(id, "deleted")
        gone = connection.execute(
            "SELECT reason FROM gone WHERE owner = ? AND id = ?",
            (encode_id(owner), encode_id(id)),
        ).fetchone()
        return NotStored(id, "unknown" if gone is None else gone[0])

    # Writing

    def _write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        future: Future[T] = Future()
        self._waiting.put(_Write(action, future))
        try:
            # Those before this one may wait for another process's lock as well.
            return future.result(2 * _TIMEOUT)
        except TimeoutError:
            raise StoreUnavailable(f"SQLite took over {2 * _TIMEOUT:.0f} s") from None

    def _write_all(self, connection: sqlite3.Connection) -> None:
        ended = False
        while not ended:
            waiting = [self._waiting.get()]
            with suppress(queue.Empty):
                while len(waiting) < _BATCH:
                    waiting.append(self._waiting.get_nowait())
            ended = None in waiting
            self._commit(connection, [write for write in waiting if write is not None])
        # The last one to close the file puts the log into it.
        with self._its_turn():
            connection.close()

    def _commit(self, connection: sqlite3.Connection, writes: list[_Write]) -> None:
        try:
            with self._its_turn():
                outcomes = self._transact(connection, writes)
        except Exception as error:
            failed: Exception = error
            if isinstance(error, (sqlite3.Error, OSError)):
                failed = StoreUnavailable(f"SQLite: {error}")
            outcomes = [failed for _ in writes]
        for write, outcome in zip(writes, outcomes, strict=True):
            if isinstance(outcome, Exception):
                write.future.set_exception(outcome)
            else:
                write.future.set_result(outcome)

    @contextmanager
    def _its_turn(self) -> Iterator[None]:
        """Wait for the processes that write: SQLite itself looks now and then whether
        it may, and never would where the others hardly pause."""
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)

    def _transact(
        self, connection: sqlite3.Connection, writes: list[_Write]
    ) -> list[Any]:
        outcomes: list[Any] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._expire(connection)
            for write in writes:
                try:
                    outcomes.append(write.action(connection))
                except NotStored as error:
                    outcomes.append(error)
            self._evict(connection)
            connection.execute("COMMIT")
        except Exception:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        return outcomes

    def _put(self, connection: sqlite3.Connection, record: Record, new: bool) -> bool:
        owner, id, now = encode_id(record.owner), encode_id(record.id), self.clock()
        row = self._current(connection, record.id, record.owner)
        if row is not None:
            if new:
                return False
            if row.deleted:
                raise NotStored(record.id, "deleted")
            if row.status not in UNFINISHED:
                return False
            connection.execute(
                "UPDATE records SET status = ?, updated = ?, body = ? WHERE key = ?",
                (record.status, now, record.body, row.key),
            )
            self._grow(connection, row.conversation, len(record.body) - row.length)
            return True
        if not new:
            error = self._not_stored(connection, record.id, record.owner, None)
            if error.reason == "deleted":
                raise error
        if record.parent is None:
            parent = None
            conversation = connection.execute(
                "INSERT INTO conversations (used, bytes) VALUES (?, 0)", (now,)
            ).lastrowid
            assert conversation is not None
        else:
            row = self._current(connection, record.parent, record.owner)
            if row is None:
                raise self._not_stored(connection, record.parent, record.owner, None)
            parent, conversation = row.key, row.conversation
        connection.execute(
            "INSERT INTO records "
            "(conversation, parent, owner, id, status, updated, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (conversation, parent, owner, id, record.status, now, record.body),
        )
        connection.execute("DELETE FROM gone WHERE owner = ? AND id = ?", (owner, id))
        self._grow(connection, conversation, record.size)
        return True

    def _use(self, connection: sqlite3.Connection, id: str, owner: str) -> None:
        row = self._current(connection, id, owner)
        if row is None:
            raise self._not_stored(connection, id, owner, None)
        self._grow(connection, row.conversation, 0)

    def _delete(self, connection: sqlite3.Connection, id: str, owner: str) -> None:
        row = self._current(connection, id, owner)
        if row is None or row.deleted:
            raise self._not_stored(connection, id, owner, row)
        connection.execute("UPDATE records SET deleted = 1 WHERE key = ?", (row.key,))
        key, parent, length = row.key, row.parent, row.length
        while not connection.execute(
            "SELECT 1 FROM records WHERE conversation = ? AND parent = ?",
            (row.conversation, key),
        ).fetchone():
            self._remember(connection, "deleted", "key = ?", key)
            connection.execute("DELETE FROM records WHERE key = ?", (key,))
            self._grow(connection, row.conversation, -length - OVERHEAD)
            if parent is None:
                break
            # One that was deleted earlier goes with the last that continues it.
            above = connection.execute(
                "SELECT key, parent, length(body) FROM records "
                "WHERE key = ? AND deleted",
                (parent,),
            ).fetchone()
            if above is None:
                break
            key, parent, length = above
        connection.execute(
            "DELETE FROM conversations WHERE key = ? AND NOT EXISTS "
            "(SELECT 1 FROM records WHERE conversation = conversations.key)",
            (row.conversation,),
        )

    def _touch(self, connection: sqlite3.Connection, keys: list[Key]) -> set[Key]:
        now = self.clock()
        return {
            (owner, id)
            for owner, id in keys
            if not connection.execute(
                "UPDATE records SET updated = ? WHERE owner = ? AND id = ? "
                "AND NOT deleted AND status IN ('queued', 'in_progress')",
                (now, encode_id(owner), encode_id(id)),
            ).rowcount
        }

    def _current(
        self, connection: sqlite3.Connection, id: str, owner: str
    ) -> _Row | None:
        """The record's row, unless it has expired; then that goes."""
        row = self._find(connection, id, owner)
        if row is None or row.used > self.clock() - self._ttl:
            return row
        if self._expirable(connection, "AND c.key = ?", row.conversation):
            self._remove(connection, row.conversation, "expired")
            return None
        return row

    def _grow(self, connection: sqlite3.Connection, conversation: int, by: int) -> None:
        """Note a use of a conversation, and that it has more bytes now."""
        connection.execute(
            "UPDATE conversations SET used = ?, bytes = bytes + ? WHERE key = ?",
            (self.clock(), by, conversation),
        )
        connection.execute("UPDATE total SET bytes = bytes + ?", (by,))

    # Retention

    def _expirable(
        self, connection: sqlite3.Connection, more: str = "", *parameters: int
    ) -> list[int]:
        now = self.clock()
        return [
            key
            for [key] in connection.execute(
                f"SELECT c.key FROM conversations c WHERE c.used <= ? "
                f"AND NOT {_IN_PROGRESS} {more} ORDER BY c.used LIMIT ?",
                (now - self._ttl, now - ABANDONED, *parameters, _AT_ONCE),
            )
        ]

    def _retain(self, connection: sqlite3.Connection) -> int:
        """Remove some of what retention does not keep; returns how many."""
        return self._expire(connection) + self._evict(connection)

    def _expire(self, connection: sqlite3.Connection) -> int:
        conversations = self._expirable(connection)
        for conversation in conversations:
            self._remove(connection, conversation, "expired")
        return len(conversations)

    def _evict(self, connection: sqlite3.Connection) -> int:
        """Make room, but not with the conversation that was used last."""
        for removed in range(_AT_ONCE):
            [size] = connection.execute("SELECT bytes FROM total").fetchone()
            if self._max_bytes is None or size <= self._max_bytes:
                return removed
            unused = connection.execute(
                f"SELECT c.key FROM conversations c WHERE NOT {_IN_PROGRESS} "
                f"AND c.key != (SELECT key FROM conversations "
                f"ORDER BY used DESC, key DESC LIMIT 1) "
                f"ORDER BY c.used, c.key LIMIT 1",
                (self.clock() - ABANDONED,),
            ).fetchone()
            if unused is None:
                return removed
            self._remove(connection, unused[0], "evicted")
        return _AT_ONCE

    def _remove(
        self, connection: sqlite3.Connection, conversation: int, reason: Reason
    ) -> None:
        self._remember(connection, reason, "conversation = ?", conversation)
        self.removed[reason] += connection.execute(
            "DELETE FROM records WHERE conversation = ?", (conversation,)
        ).rowcount
        connection.execute(
            "UPDATE total SET bytes = bytes - "
            "(SELECT bytes FROM conversations WHERE key = ?)",
            (conversation,),
        )
        connection.execute("DELETE FROM conversations WHERE key = ?", (conversation,))

    def _remember(
        self, connection: sqlite3.Connection, reason: Reason, which: str, key: int
    ) -> None:
        connection.execute(
            f"INSERT OR REPLACE INTO gone (owner, id, reason) "
            f"SELECT owner, id, CASE WHEN deleted THEN 'deleted' ELSE ? END "
            f"FROM records WHERE {which}",
            (reason, key),
        )
        connection.execute(
            "DELETE FROM gone WHERE key <= (SELECT max(key) FROM gone) - ?",
            (protocol.GONE_KEPT,),
        )
