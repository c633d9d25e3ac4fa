"""Reads responses out of a store, and rebuilds the conversations before them."""

from collections.abc import Awaitable, Callable
from typing import Any

from ..store.protocol import Key, Store
from ..store.record import Record
from .background import failed_if_lost
from .body import Added, decode, decode_chain
from .known import Cache, Known
from .rebuilding import (
    chat_conversation,
    harmony_conversation,
    harmony_conversation_from_items,
    input_messages_of,
)


class Reader:
    """Reads what a store has, for one `OpenAIServingResponses`.

    Its methods raise what those of `Store` do, and `UnknownFormatError`. Those that are
    not async wait for the store.
    """

    def __init__(
        self,
        store: Store,
        call: Callable[..., Awaitable[Any]],
        cache: Cache,
        is_harmony: bool,
    ) -> None:
        self._store = store
        self._call = call
        self._cache = cache
        self._is_harmony = is_harmony

    def get(self, key: Key) -> Record:
        """A record; failed, if nobody makes its response any more."""
        record = self._store.get(key[1], key[0])
        failed = failed_if_lost(record, self._store.clock())
        if failed is None:
            return record
        return failed if self._store.put(failed) else self._store.get(key[1], key[0])

    def added(self, key: Key) -> Added:
        """What a response added, with the whole of its prompt."""
        added = decode(self.get(key).body)
        if added.prompt is None:
            return added
        return self.chain(key)[-1]

    def chain(self, key: Key) -> list[Added]:
        """What a response and all before it added."""
        records = self._store.chain(key[1], key[0])
        return decode_chain(record.body for record in records)

    async def load(self, serving: Any, key: Key) -> Known:
        """A response with the conversation before it, which is in the cache then.

        Raises:
            UnrenderableError: the model of this server has no form for it.
        """
        records = await self._call(self._store.chain, key[1], key[0])
        before, added = self._known_before(records)
        known = await self._call(self._rebuilt, added, before)
        if known is None:
            chain = decode_chain(record.body for record in records)
            known = await harmony_conversation_from_items(serving, chain)
            added = records
        if not records[-1].unfinished:
            known.put_between = (records[-1].updated, records[-1].updated)
            self._cache.put(key, known, sum(record.size for record in added))
        return known

    def _known_before(self, records: list[Record]) -> tuple[Known | None, list[Record]]:
        """The last response of a conversation that is in memory, and what follows it.

        Where turns go to one process after the other, that is all but a few.
        """
        for index in range(len(records) - 1, 0, -1):
            record = records[index - 1]
            known = self._cache.get((record.owner, record.id))
            if known is None or known.messages is None or not known.is_of(record):
                continue
            return known, records[index:]
        return None, records

    def _rebuilt(self, records: list[Record], before: Known | None) -> Known | None:
        """The last of these responses; None if it has to be made of its items."""
        bodies = (record.body for record in records)
        chain = decode_chain(bodies, input_messages_of(before))
        rebuild = harmony_conversation if self._is_harmony else chat_conversation
        return rebuild(chain, before)
