"""Stored responses in a SQLite file, which several processes may share."""

import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from . import protocol
from .protocol import ABANDONED, Clock, Key, NotStored, Reason, StoreUnavailable, Usage
from .record import OVERHEAD, UNFINISHED, Record, decode_id, encode_id
from .sqlite_file import SqliteFile
from .sqlite_tables import CHAIN, FIND, HEAD, IN_PROGRESS, Row

# Conversations that one transaction removes, lest the others wait for it.
_AT_ONCE = 100


class SqliteStore:
    """The store in a file; see `Store` for its methods."""

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
        self._ttl = ttl
        self._max_bytes = max_bytes
        self.removed: dict[Reason, int] = {"evicted": 0, "expired": 0}
        self._file = SqliteFile(
            path,
            durable=durable,
            before=self._expire,
            after=self._evict,
            closed=closed,
        )

    def put(self, record: Record) -> bool:
        return self._file.write(
            lambda connection: self._put(connection, record, new=False)
        )

    def put_new(self, record: Record) -> bool:
        return self._file.write(
            lambda connection: self._put(connection, record, new=True)
        )

    def get(self, id: str, owner: str) -> Record:
        return self._read(id, owner, HEAD.format(body="r.body"))[0]

    def head(self, id: str, owner: str) -> Record:
        return self._read(id, owner, HEAD.format(body="x''"))[0]

    def chain(self, id: str, owner: str) -> list[Record]:
        records = self._read(id, owner, CHAIN)
        parents = [None, *(record.id for record in records[:-1])]
        return [
            Record(r.id, r.owner, parent, r.status, r.body, r.updated)
            for r, parent in zip(records, parents, strict=True)
        ]

    def delete(self, id: str, owner: str) -> None:
        self._file.write(lambda connection: self._delete(connection, id, owner))

    def touch(self, keys: Iterable[Key]) -> set[Key]:
        keys = list(keys)
        if not keys:
            return set()
        return self._file.write(lambda connection: self._touch(connection, keys))

    def sweep(self) -> None:
        while self._file.write(self._retain):
            pass

    def usage(self) -> Usage:
        with self._file.reader() as connection:
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
        self._file.close()

    # Reading

    def _read(self, id: str, owner: str, query: str) -> list[Record]:
        with self._file.reader() as connection:
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
            self._file.write(lambda connection: self._use(connection, id, owner))
            return self._read(id, owner, query)
        if row.used < self.clock() - min(protocol.RENEWED_AFTER, self._ttl / 100):
            # A full disk does not keep anybody from reading.
            with suppress(StoreUnavailable):
                self._file.write(lambda connection: self._use(connection, id, owner))
        return [
            Record(
                decode_id(id),
                decode_id(owner),
                None if parent is None else decode_id(parent),
                *others,
            )
            for owner, id, parent, *others in found
        ]

    def _find(self, connection: sqlite3.Connection, id: str, owner: str) -> Row | None:
        row = connection.execute(FIND, (encode_id(owner), encode_id(id))).fetchone()
        return None if row is None else Row(*row)

    def _not_stored(
        self, connection: sqlite3.Connection, id: str, owner: str, row: Row | None
    ) -> NotStored:
        if row is not None:
            return NotStored(id, "deleted")
        gone = connection.execute(
            "SELECT reason FROM gone WHERE owner = ? AND id = ?",
            (encode_id(owner), encode_id(id)),
        ).fetchone()
        return NotStored(id, "unknown" if gone is None else gone[0])

    # Writing

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
    ) -> Row | None:
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
                f"AND NOT {IN_PROGRESS} {more} ORDER BY c.used LIMIT ?",
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
                f"SELECT c.key FROM conversations c WHERE NOT {IN_PROGRESS} "
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
