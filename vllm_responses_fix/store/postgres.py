"""Stored responses in a PostgreSQL database."""

import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from . import protocol
from .postgres_connections import Again, PostgresConnections
from .postgres_tables import (
    CHAIN,
    FIND,
    GET,
    HEAD,
    IN_PROGRESS,
    LOCK,
    LOCKS,
    RETENTION_LOCK,
    Row,
    one,
)
from .protocol import ABANDONED, Clock, Key, NotStored, Reason, StoreUnavailable, Usage
from .record import OVERHEAD, UNFINISHED, Record, decode_id, encode_id

if TYPE_CHECKING:
    from psycopg import Cursor

# Conversations that one transaction removes, lest the others wait for it.
_AT_ONCE = 100
# Of the limit of bytes, what a process may put before it looks at it.
_UNCHECKED = 1 / 64


class PostgresStore:
    """The store in a database; see `Store` for its methods.

    How safe what was put is, the server's `synchronous_commit` and `fsync` say.

    Who changes a conversation locks its row first, so its turns come one by one.
    """

    shared = True

    def __init__(
        self, url: str, *, ttl: float, max_bytes: int | None, clock: Clock = time.time
    ) -> None:
        """Connect to the server, and make the tables if they are not there.

        Args:
            url: `postgresql://`, as libpq reads it.
            ttl: seconds that an unused conversation stays.
            max_bytes: of all records, if there is a limit. Each process may go over it
                by a 64th for a moment.
            clock: seconds since 1970; that of all servers has to be about the same.

        Raises:
            StoreUnavailable: psycopg is not there, or the server can't be used.
        """
        self.clock = clock
        self._ttl = ttl
        self._max_bytes = max_bytes
        self.removed: dict[Reason, int] = {"evicted": 0, "expired": 0}
        self._unchecked = 0
        self._checked = float("-inf")
        self._connections = PostgresConnections(url)

    def put(self, record: Record) -> bool:
        return self._put_and_retain(record, new=False)

    def put_new(self, record: Record) -> bool:
        return self._put_and_retain(record, new=True)

    def get(self, id: str, owner: str) -> Record:
        return self._read(GET, id, owner)[0]

    def head(self, id: str, owner: str) -> Record:
        return self._read(HEAD, id, owner)[0]

    def chain(self, id: str, owner: str) -> list[Record]:
        return self._read(CHAIN, id, owner)

    def delete(self, id: str, owner: str) -> None:
        self._connections.transact(lambda cursor: self._delete(cursor, id, owner))

    def touch(self, keys: Iterable[Key]) -> set[Key]:
        # In one order everywhere, so that no two wait for each other.
        keys = sorted(keys)
        if not keys:
            return set()
        return self._connections.transact(lambda cursor: self._touch(cursor, keys))

    def sweep(self) -> None:
        while self._connections.transact(self._retain):
            pass

    def usage(self) -> Usage:
        with self._connections.cursor() as cursor:
            conversations, records, size = one(
                cursor,
                "SELECT (SELECT count(*) FROM vllm_responses_conversations), "
                "(SELECT count(*) FROM vllm_responses_records), "
                "(SELECT coalesce(sum(bytes), 0)::bigint "
                "FROM vllm_responses_conversations)",
            )
        return Usage(
            conversations=conversations,
            records=records,
            bytes=size,
        )

    def close(self) -> None:
        self._connections.close()

    # Reading

    def _read(self, query: str, id: str, owner: str) -> list[Record]:
        with self._connections.cursor() as cursor:
            rows = cursor.execute(query, _key(owner, id)).fetchall()
            if not rows or rows[-1][-2]:
                raise self._not_stored(cursor, id, owner)
        used = rows[-1][-1]
        if used <= self.clock() - self._ttl:
            # It looks expired. If it is not, because it is in progress, it is used now.
            self._connections.transact(lambda cursor: self._use(cursor, id, owner))
            return self._read(query, id, owner)
        if used < self.clock() - min(protocol.RENEWED_AFTER, self._ttl / 100):
            self._connections.transact(lambda cursor: self._use(cursor, id, owner))
        return [
            Record(
                decode_id(id),
                owner,
                None if parent is None else decode_id(parent),
                status,
                body,
                updated,
            )
            for id, parent, status, body, updated, _, _ in rows
        ]

    def _not_stored(self, cursor: "Cursor[Any]", id: str, owner: str) -> NotStored:
        """Why it is not there, or that it is there as deleted."""
        gone = cursor.execute(
            "SELECT 'deleted' FROM vllm_responses_records WHERE owner = %s AND id = %s "
            "UNION ALL "
            "SELECT reason FROM vllm_responses_gone WHERE owner = %s AND id = %s",
            _key(owner, id) * 2,
        ).fetchone()
        return NotStored(id, "unknown" if gone is None else gone[0])

    # Writing

    def _put_and_retain(self, record: Record, *, new: bool) -> bool:
        done = self._connections.transact(
            lambda cursor: self._put(cursor, record, new=new)
        )
        self._unchecked += record.size
        limit = self._max_bytes
        if (limit is not None and self._unchecked > limit * _UNCHECKED) or (
            self.clock() - self._checked > min(protocol.RENEWED_AFTER, self._ttl / 100)
        ):
            self._unchecked = 0
            self._checked = self.clock()
            # What was put is put, whatever becomes of this.
            with suppress(StoreUnavailable):
                self._connections.transact(self._retain)
        return done

    def _put(self, cursor: "Cursor[Any]", record: Record, *, new: bool) -> bool:
        now = self.clock()
        row = self._locked(cursor, record.id, record.owner)
        if row is not None:
            if new:
                return False
            if row.deleted:
                raise NotStored(record.id, "deleted")
            if row.status not in UNFINISHED:
                return False
            cursor.execute(
                "UPDATE vllm_responses_records "
                "SET status = %s, updated = %s, body = %s WHERE key = %s",
                (record.status, now, record.body, row.key),
            )
            self._grow(cursor, row.conversation, len(record.body) - row.length)
            return True
        if not new:
            error = self._not_stored(cursor, record.id, record.owner)
            if error.reason == "deleted":
                raise error
        parent = None
        if record.parent is None:
            [conversation] = one(
                cursor,
                "INSERT INTO vllm_responses_conversations (used, bytes) "
                "VALUES (%s, %s) RETURNING key",
                (now, record.size),
            )
        else:
            row = self._locked(cursor, record.parent, record.owner)
            if row is None:
                raise self._not_stored(cursor, record.parent, record.owner)
            parent, conversation = row.key, row.conversation
            self._grow(cursor, conversation, record.size)
        inserted = cursor.execute(
            "INSERT INTO vllm_responses_records "
            "(owner, id, conversation, parent, status, updated, body) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (
                *_key(record.owner, record.id),
                *(conversation, parent, record.status, now, record.body),
            ),
        )
        if not inserted.rowcount:
            raise Again
        cursor.execute(
            "DELETE FROM vllm_responses_gone WHERE owner = %s AND id = %s",
            _key(record.owner, record.id),
        )
        return True

    def _use(self, cursor: "Cursor[Any]", id: str, owner: str) -> None:
        row = self._locked(cursor, id, owner)
        if row is None:
            raise self._not_stored(cursor, id, owner)
        self._grow(cursor, row.conversation, 0)

    def _delete(self, cursor: "Cursor[Any]", id: str, owner: str) -> None:
        row = self._locked(cursor, id, owner)
        if row is None or row.deleted:
            raise self._not_stored(cursor, id, owner)
        cursor.execute(
            "UPDATE vllm_responses_records SET deleted = true WHERE key = %s",
            (row.key,),
        )
        key, parent, length = row.key, row.parent, row.length
        while not cursor.execute(
            "SELECT 1 FROM vllm_responses_records "
            "WHERE conversation = %s AND parent = %s LIMIT 1",
            (row.conversation, key),
        ).fetchone():
            self._remember(cursor, "deleted", "key = %s", key)
            cursor.execute("DELETE FROM vllm_responses_records WHERE key = %s", (key,))
            self._grow(cursor, row.conversation, -length - OVERHEAD)
            # One that was deleted earlier goes with the last that continues it.
            above = cursor.execute(
                "SELECT key, parent, length(body) FROM vllm_responses_records "
                "WHERE key = %s AND deleted",
                (parent,),
            ).fetchone()
            if above is None:
                break
            key, parent, length = above
        cursor.execute(
            "DELETE FROM vllm_responses_conversations c WHERE key = %s AND NOT EXISTS "
            "(SELECT 1 FROM vllm_responses_records WHERE conversation = c.key)",
            (row.conversation,),
        )

    def _touch(self, cursor: "Cursor[Any]", keys: list[Key]) -> set[Key]:
        now = self.clock()
        return {
            (owner, id)
            for owner, id in keys
            if not cursor.execute(
                "UPDATE vllm_responses_records SET updated = %s "
                "WHERE owner = %s AND id = %s AND NOT deleted "
                "AND status IN ('queued', 'in_progress')",
                (now, *_key(owner, id)),
            ).rowcount
        }

    def _locked(self, cursor: "Cursor[Any]", id: str, owner: str) -> Row | None:
        """The record's row, its conversation locked; if that has expired, it goes."""
        key = _key(owner, id)
        locked = cursor.execute(LOCK, key).fetchone()
        found = cursor.execute(FIND, key).fetchone()
        if found is None:
            return None
        row = Row(*found)
        if locked is None or locked[0] != row.conversation:
            raise Again
        if row.used > self.clock() - self._ttl:
            return row
        now = self.clock()
        expired = cursor.execute(
            f"SELECT c.key FROM vllm_responses_conversations c "
            f"WHERE c.key = %s AND NOT {IN_PROGRESS}",
            (row.conversation, now - ABANDONED),
        ).fetchone()
        if expired is None:
            return row
        self._remove(cursor, [row.conversation], "expired")
        return None

    def _grow(self, cursor: "Cursor[Any]", conversation: int, by: int) -> None:
        """Note a use of a conversation, and that it has more bytes now."""
        cursor.execute(
            "UPDATE vllm_responses_conversations SET used = %s, bytes = bytes + %s "
            "WHERE key = %s",
            (self.clock(), by, conversation),
        )

    # Retention

    def _retain(self, cursor: "Cursor[Any]") -> int:
        """Remove some of what retention does not keep; returns how many."""
        [mine] = one(
            cursor,
            "SELECT pg_try_advisory_xact_lock(%s, %s)",
            (LOCKS, RETENTION_LOCK),
        )
        if not mine:
            return 0
        now = self.clock()
        expired = [
            key
            for [key] in cursor.execute(
                f"SELECT c.key FROM vllm_responses_conversations c "
                f"WHERE c.used <= %s AND NOT {IN_PROGRESS} "
                f"ORDER BY c.used LIMIT %s FOR UPDATE SKIP LOCKED",
                (now - self._ttl, now - ABANDONED, _AT_ONCE),
            ).fetchall()
        ]
        self._remove(cursor, expired, "expired")
        evicted = self._evictable(cursor)
        self._remove(cursor, evicted, "evicted")
        return len(expired) + len(evicted)

    def _evictable(self, cursor: "Cursor[Any]") -> list[int]:
        """What makes room, but not the conversation that was used last."""
        if self._max_bytes is None:
            return []
        [size] = one(
            cursor,
            "SELECT coalesce(sum(bytes), 0)::bigint FROM vllm_responses_conversations",
        )
        if size <= self._max_bytes:
            return []
        keys = []
        for key, its_size in cursor.execute(
            f"SELECT c.key, c.bytes FROM vllm_responses_conversations c "
            f"WHERE NOT {IN_PROGRESS} AND c.key != ("
            f"SELECT key FROM vllm_responses_conversations "
            f"ORDER BY used DESC, key DESC LIMIT 1"
            f") ORDER BY c.used, c.key LIMIT %s FOR UPDATE SKIP LOCKED",
            (self.clock() - ABANDONED, _AT_ONCE),
        ).fetchall():
            if size <= self._max_bytes:
                break
            keys.append(key)
            size -= its_size
        return keys

    def _remove(
        self, cursor: "Cursor[Any]", conversations: list[int], reason: Reason
    ) -> None:
        if not conversations:
            return
        self._remember(cursor, reason, "conversation = ANY(%s)", conversations)
        self.removed[reason] += cursor.execute(
            "DELETE FROM vllm_responses_records WHERE conversation = ANY(%s)",
            (conversations,),
        ).rowcount
        cursor.execute(
            "DELETE FROM vllm_responses_conversations WHERE key = ANY(%s)",
            (conversations,),
        )

    def _remember(
        self, cursor: "Cursor[Any]", reason: Reason, which: str, parameter: Any
    ) -> None:
        cursor.execute(
            f"INSERT INTO vllm_responses_gone (owner, id, reason) "
            f"SELECT owner, id, CASE WHEN deleted THEN 'deleted' ELSE %s END "
            f"FROM vllm_responses_records WHERE {which} "
            f"ON CONFLICT (owner, id) DO UPDATE "
            f"SET reason = excluded.reason, key = excluded.key",
            (reason, parameter),
        )
        cursor.execute(
            "DELETE FROM vllm_responses_gone "
            "WHERE key <= (SELECT max(key) FROM vllm_responses_gone) - %s",
            (protocol.GONE_KEPT,),
        )


def _key(owner: str, id: str) -> tuple[bytes, bytes]:
    return encode_id(owner), encode_id(id)
