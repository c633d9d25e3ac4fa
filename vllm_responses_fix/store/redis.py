"""Stored responses in a Redis or Valkey server."""

import time
from collections.abc import Iterable
from typing import Any

from . import protocol
from .protocol import ABANDONED, Clock, Key, NotStored, Reason, StoreUnavailable, Usage
from .record import OVERHEAD, Record, decode_id, encode_id
from .redis_scripts import DELETE, PUT, READ, RETAIN, TOUCH

FORMAT = 1
# The braces let a cluster keep all of it on one server, where a script can see it.
_PREFIX = "{vllm-responses-fix}:"
_TIMEOUT = 5.0


class RedisStore:
    """The store in a server; see `Store` for its methods.

    How safe what was put is, the server's `appendfsync` says.
    """

    shared = True

    def __init__(
        self, url: str, *, ttl: float, max_bytes: int | None, clock: Clock = time.time
    ) -> None:
        """Connect to the server.

        Args:
            url: `redis://` or `rediss://`, as redis-py reads it.
            ttl: seconds that an unused conversation stays.
            max_bytes: of all records, if there is a limit.
            clock: seconds since 1970; that of all servers has to be about the same.

        Raises:
            StoreUnavailable: redis-py is not there, or the server can't be used.
        """
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise StoreUnavailable(
                "redis-py is not installed, so run: "
                "pip install 'vllm-responses-fix[redis]'"
            ) from None
        self.clock = clock
        self._ttl = ttl
        self._max_bytes = max_bytes
        self.removed: dict[Reason, int] = {"evicted": 0, "expired": 0}
        self._error = redis.RedisError
        try:
            self._client = redis.Redis.from_url(
                url,
                socket_timeout=_TIMEOUT,
                socket_connect_timeout=_TIMEOUT,
                health_check_interval=30,
                # Whether it was put is not known, and not the same when put twice.
                retry=Retry(NoBackoff(), 0),
            )
        except (ValueError, TypeError):
            # Its words may have the password in them.
            raise StoreUnavailable("redis-py can't read the URL, so check it") from None
        scripts = (PUT, READ, DELETE, TOUCH, RETAIN)
        self._scripts = {each: self._client.register_script(each) for each in scripts}
        self._check_format()

    def put(self, record: Record) -> bool:
        return self._put(record, new=False)

    def put_new(self, record: Record) -> bool:
        return self._put(record, new=True)

    def get(self, id: str, owner: str) -> Record:
        return self._read("get", id, owner)[0]

    def head(self, id: str, owner: str) -> Record:
        return self._read("head", id, owner)[0]

    def chain(self, id: str, owner: str) -> list[Record]:
        return self._read("chain", id, owner)

    def delete(self, id: str, owner: str) -> None:
        [outcome] = self._run(DELETE, _name(owner, id))
        if outcome != b"done":
            raise NotStored(id, outcome.decode())

    def touch(self, keys: Iterable[Key]) -> set[Key]:
        keys = list(keys)
        if not keys:
            return set()
        [lost] = self._run(TOUCH, *(_name(owner, id) for owner, id in keys))
        return {keys[number] for number in lost}

    def sweep(self) -> None:
        before = -1
        while before != sum(self.removed.values()):
            before = sum(self.removed.values())
            self._run(RETAIN)

    def usage(self) -> Usage:
        try:
            pipeline = self._client.pipeline()
            pipeline.zcard(f"{_PREFIX}used")
            pipeline.mget(f"{_PREFIX}records", f"{_PREFIX}bytes")
            conversations, (records, size) = pipeline.execute()
        except self._error as error:
            raise StoreUnavailable(f"Redis: {error}") from None
        return Usage(
            conversations=conversations,
            records=int(records or 0),
            bytes=int(size or 0),
        )

    def close(self) -> None:
        self._client.close()
        self._client.connection_pool.disconnect()

    def _check_format(self) -> None:
        try:
            self._client.set(f"{_PREFIX}format", FORMAT, nx=True)
            answer: Any = self._client.get(f"{_PREFIX}format")
        except self._error as error:
            raise StoreUnavailable(
                f"the server does not answer or refuses ({error}), so check that it "
                f"runs, and the address, user and password"
            ) from None
        found = int(answer)
        if found > FORMAT:
            raise StoreUnavailable(
                f"it has format {found} of a newer vllm-responses-fix and this one "
                f"reads up to {FORMAT}, so install the newer one or name another "
                f"database"
            )

    def _put(self, record: Record, *, new: bool) -> bool:
        outcome, *reason = self._run(
            PUT,
            int(new),
            _name(record.owner, record.id),
            "" if record.parent is None else _name(record.owner, record.parent),
            record.status,
            record.body,
        )
        if outcome == b"deleted":
            raise NotStored(record.id, "deleted")
        if outcome == b"no parent":
            assert record.parent is not None
            raise NotStored(record.parent, reason[0].decode())
        return bool(outcome == b"put")

    def _read(self, what: str, id: str, owner: str) -> list[Record]:
        outcome, *found = self._run(READ, what, _name(owner, id))
        if outcome != b"found":
            raise NotStored(id, outcome.decode())
        records = [
            Record(
                _id(name, owner),
                owner,
                _id(parent, owner) if parent else None,
                status.decode(),
                body,
                float(updated),
            )
            for name, parent, status, updated, body in found[0]
        ]
        records.reverse()
        return records

    def _run(self, script: str, *arguments: Any) -> Any:
        now = self.clock()
        renewed_after = min(protocol.RENEWED_AFTER, self._ttl / 100)
        common = (
            *(now, now - self._ttl, now - ABANDONED, now - renewed_after),
            "" if self._max_bytes is None else self._max_bytes,
            *(protocol.GONE_KEPT, OVERHEAD),
        )
        try:
            expired, evicted, *reply = self._scripts[script](
                keys=[_PREFIX], args=[*common, *arguments]
            )
        except self._error as error:
            raise StoreUnavailable(f"Redis: {error}") from None
        self.removed["expired"] += expired
        self.removed["evicted"] += evicted
        return reply


def _name(owner: str, id: str) -> bytes:
    return encode_id(f"{owner}:{id}")


def _id(name: bytes, owner: str) -> str:
    return decode_id(name)[len(owner) + 1 :]
