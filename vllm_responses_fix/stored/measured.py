"""A store that `/metrics` tells of."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from prometheus_client import Counter

from ..store.protocol import Clock, Key, Reason, Store, StoreUnavailable, Usage
from ..store.record import Record
from .metrics import StoreMetrics

T = TypeVar("T")


class MeasuredStore:
    """Another store, with its calls timed and counted; see `Store` for its methods."""

    def __init__(self, store: Store, metrics: StoreMetrics) -> None:
        """Begin with what is in it.

        Args:
            store: that is called.
            metrics: of this process.
        """
        self._store = store
        self._metrics = metrics
        self._lock = threading.Lock()
        self._removed = dict(store.removed)
        self._set_bytes()

    @property
    def shared(self) -> bool:
        return self._store.shared

    @property
    def clock(self) -> Clock:
        return self._store.clock

    @property
    def removed(self) -> Mapping[Reason, int]:
        return self._store.removed

    def put(self, record: Record) -> bool:
        return self._put("put", self._store.put, record)

    def put_new(self, record: Record) -> bool:
        return self._put("put_new", self._store.put_new, record)

    def get(self, id: str, owner: str) -> Record:
        record = self._timed("get", self._store.get, id, owner)
        self._metrics.loaded.inc()
        return record

    def head(self, id: str, owner: str) -> Record:
        return self._timed("head", self._store.head, id, owner)

    def chain(self, id: str, owner: str) -> list[Record]:
        records = self._timed("chain", self._store.chain, id, owner)
        self._metrics.loaded.inc()
        return records

    def delete(self, id: str, owner: str) -> None:
        self._timed("delete", self._store.delete, id, owner)

    def touch(self, keys: Iterable[Key]) -> set[Key]:
        return self._timed("touch", self._store.touch, keys)

    def sweep(self) -> None:
        self._timed("sweep", self._store.sweep)
        self._set_bytes()

    def usage(self) -> Usage:
        return self._timed("usage", self._store.usage)

    def close(self) -> None:
        self._store.close()

    def _put(self, call: str, put: Callable[[Record], bool], record: Record) -> bool:
        done = self._timed(call, put, record)
        if done and not record.unfinished:
            self._metrics.stored.inc()
        return done

    def _timed(self, call: str, function: Callable[..., T], *args: Any) -> T:
        started = time.perf_counter()
        try:
            return function(*args)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.call_seconds.labels(call).observe(seconds)
            self._count_removed()

    def _count_removed(self) -> None:
        # Any call removes what it finds expired.
        with self._lock:
            self._count("evicted", self._metrics.evicted)
            self._count("expired", self._metrics.expired)

    def _count(self, reason: Reason, counter: Counter) -> None:
        now = self._store.removed[reason]
        counter.inc(now - self._removed[reason])
        self._removed[reason] = now

    def _set_bytes(self) -> None:
        with suppress(StoreUnavailable):
            self._metrics.bytes.set(self.usage().bytes)
