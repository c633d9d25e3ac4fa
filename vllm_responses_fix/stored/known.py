"""What a process has in its memory of stored responses."""

from collections import OrderedDict
from collections.abc import Iterator, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ..store.protocol import Key
from ..store.record import Record

CACHE_BYTES = 256 * 1024 * 1024
"""Of the records that rebuilt conversations were made from or written to. In memory
they take about twice as much."""

# A message that several conversations share is one object, in a list of each.
_REFERENCE = 8


@dataclass(eq=False)
class Known:
    """A response with the conversation before it, in vLLM's form.

    Attributes:
        response: vLLM's `ResponsesResponse`.
        messages: what vLLM keeps in its `msg_store`.
        size: bytes that count against the cache.
        put_between: two times on the clock of the process that put its record, one
            before that and one after.
    """

    response: Any = None
    messages: list[Any] | None = None
    size: int = 0
    put_between: tuple[float, float] = (0.0, 0.0)

    def is_of(self, record: Record) -> bool:
        """Whether it was made of this record, or put as it.

        An id that a client chose may name another response, once the first has expired.
        """
        return self.put_between[0] <= record.updated <= self.put_between[1]


owner: ContextVar[str] = ContextVar("owner", default="")
"""Whose the current request is."""

current: ContextVar[dict[str, Known] | None] = ContextVar("current", default=None)
"""The responses that the current request is about, by id: what it continues, and what
it makes. Here vLLM finds them, whatever happens to the cache meanwhile."""


class Cache:
    """Finished responses, those that were used last.

    They don't change, but for their deletion, which `Store.head` tells, and where an id
    names another one; see `Known.is_of`.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._known: OrderedDict[Key, Known] = OrderedDict()

    def get(self, key: Key) -> Known | None:
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
        return known

    def put(self, key: Key, known: Known, size: int) -> None:
        """Keep a response; `size` is that of the records it was made from."""
        self.drop(key)
        known.size = size + _REFERENCE * len(known.messages or ())
        self._known[key] = known
        self._bytes += known.size
        while self._bytes > self._max_bytes and len(self._known) > 1:
            _, oldest = self._known.popitem(last=False)
            self._bytes -= oldest.size

    def drop(self, key: Key) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            self._bytes -= known.size

    def clear(self) -> None:
        self._known.clear()
        self._bytes = 0

    def __iter__(self) -> Iterator[Key]:
        return iter(list(self._known))

    def __len__(self) -> int:
        return len(self._known)


class View(MutableMapping[str, Any]):
    """One of vLLM's two dicts: response id to one attribute of what is known.

    What is set is for the current request alone. What is stored is up to
    `Conversations`.
    """

    def __init__(self, cache: Cache, attribute: str) -> None:
        self._cache = cache
        self._attribute = attribute

    def __getitem__(self, id: str) -> Any:
        for known in (
            (current.get() or {}).get(id),
            self._cache.get((owner.get(), id)),
        ):
            value = getattr(known, self._attribute, None)
            if value is not None:
                return value
        raise KeyError(id)

    def __setitem__(self, id: str, value: Any) -> None:
        responses = current.get()
        if responses is not None:
            setattr(responses.setdefault(id, Known()), self._attribute, value)
            return
        # The kit was taken out of a server that is running.
        key = (owner.get(), id)
        known = self._cache.get(key) or Known()
        setattr(known, self._attribute, value)
        self._cache.put(key, known, 0)

    def __delitem__(self, id: str) -> None:
        self._cache.drop((owner.get(), id))

    def __iter__(self) -> Iterator[str]:
        return (id for whose, id in self._cache if whose == owner.get())

    def __len__(self) -> int:
        return sum(1 for _ in self)
