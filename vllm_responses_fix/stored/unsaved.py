"""Responses that wait until the store can be reached again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from ..store.protocol import Key, NotStored, Store, StoreUnavailable
from ..store.record import Record
from .metrics import StoreMetrics

logger = logging.getLogger("vllm.responses_fix")

WAITING_BYTES = 64 * 1024 * 1024
"""Of records that may wait. With more, the oldest are given up."""

RETRY_SECONDS = 1.0


class Unsaved:
    """Puts records, in their order, and again if the store can't be reached.

    Attributes:
        given_up: how many records were lost.
    """

    def __init__(
        self,
        store: Store,
        call: Callable[..., Awaitable[Any]],
        metrics: StoreMetrics | None,
    ) -> None:
        self.given_up = 0
        self._metrics = metrics
        self._store = store
        self._call = call
        self._waiting: dict[Key, Record] = {}
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None

    def has(self, key: Key) -> bool:
        """Whether a record waits here."""
        return key in self._waiting

    def get(self, key: Key) -> Record | None:
        """The record that waits here, if one does."""
        return self._waiting.get(key)

    async def put(self, record: Record, *, is_new: bool = False) -> bool:
        """Put a record into the store, now or when it can be reached.

        Args:
            is_new: nothing with this id may be there.

        Returns:
            False if it is not stored, as the store has one with this id that can't be
            replaced, or it was deleted while it was made.
        """
        # What continues a response that waits can't be stored before it.
        if self._waiting and (
            self.has((record.owner, record.id))
            or (record.parent and self.has((record.owner, record.parent)))
        ):
            self._wait(record)
            return True
        try:
            put = self._store.put_new if is_new else self._store.put
            return bool(await self._call(put, record))
        except StoreUnavailable as error:
            logger.warning(
                "Response %s waits in memory to be stored: %s", record.id, error
            )
            self._wait(record)
            return True
        except NotStored as error:
            return self._refused(record, error)

    def _wait(self, record: Record) -> None:
        key = (record.owner, record.id)
        before = self._waiting.pop(key, None)
        self._waiting[key] = record
        self._bytes += record.size - (before.size if before is not None else 0)
        while self._bytes > WAITING_BYTES:
            oldest = next(iter(self._waiting.values()))
            self._forget(oldest)
            self._give_up(oldest, "too much waits for the store")
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._retry())

    async def _retry(self) -> None:
        while self._waiting:
            await asyncio.sleep(RETRY_SECONDS)
            while self._waiting:
                record = next(iter(self._waiting.values()))
                try:
                    await self._call(self._store.put, record)
                except StoreUnavailable:
                    break
                except NotStored as error:
                    self._refused(record, error)
                self._forget(record)

    def _forget(self, record: Record) -> None:
        # A later record of the same response may have taken its place.
        key = (record.owner, record.id)
        if self._waiting.get(key) is record:
            del self._waiting[key]
            self._bytes -= record.size

    def _refused(self, record: Record, error: NotStored) -> bool:
        if error.id == record.id:
            return False
        self._give_up(record, str(error))
        return True

    def _give_up(self, record: Record, reason: str) -> None:
        self.given_up += 1
        if self._metrics is not None:
            self._metrics.given_up.inc()
        logger.error(
            "Response %s is not stored: %s. %d lost so far.",
            record.id,
            reason,
            self.given_up,
        )
