"""Background responses: made in one process, read and cancelled in any."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from openai.types.responses import ResponseFailedEvent as OpenAIResponseFailedEvent
from vllm.entrypoints.openai.responses.protocol import ResponsesResponse

from ..store.protocol import Key, Store, StoreUnavailable
from ..store.record import UNFINISHED, Record
from .body import decode, encode
from .known import owner
from .rebuilding import response_of

logger = logging.getLogger("vllm.responses_fix")

RENEW_SECONDS = 5.0
"""So often a process says that it still makes its background responses."""

LOST_SECONDS = 20.0
"""Who has not said so for this long, has ended."""

EVENTS_KEPT = 64
"""Of so many finished streams the events are kept, for clients that come back."""

END = SimpleNamespace(type="end")
"""The last entry of a stream that has no last event: its response was cancelled."""

TERMINAL = ("response.completed", "response.incomplete", "response.failed")


class ResponseFailedEvent(OpenAIResponseFailedEvent):
    """The event, with vLLM's response in it."""

    response: ResponsesResponse


class OwnDict(MutableMapping[str, Any]):
    """A dict for each owner, as two owners may have responses with one id."""

    def __init__(self) -> None:
        self._all: dict[Key, Any] = {}

    def __getitem__(self, id: str) -> Any:
        return self._all[owner.get(), id]

    def __setitem__(self, id: str, value: Any) -> None:
        self._all[owner.get(), id] = value

    def __delitem__(self, id: str) -> None:
        del self._all[owner.get(), id]

    def __iter__(self) -> Iterator[str]:
        return (id for whose, id in list(self._all) if whose == owner.get())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def of(self, key: Key) -> Any:
        """The value of any owner's key, None if there is none."""
        return self._all.get(key)

    def drop(self, key: Key) -> None:
        self._all.pop(key, None)


class Events(OwnDict):
    """vLLM's `event_store`: the events of background streams, and no more of them than
    clients may come back for."""

    def __init__(self) -> None:
        super().__init__()
        self._finished: deque[Key] = deque()

    def are_of(self, response: Any) -> bool:
        """Whether there are events of this response of the current owner.

        An id that a client chose may name another one, once the first has expired.
        """
        events, _ = self.get(response.id, (None, None))
        if not events:
            return events is not None
        told = getattr(events[0], "response", response)
        return bool(told.created_at == response.created_at)

    def finish(self, key: Key, response: Any) -> None:
        """End a stream, where vLLM has not, and let go of the oldest."""
        stream = self._all.get(key)
        if stream is None:
            return
        events, new_event = stream
        if not events or events[-1].type not in TERMINAL:
            events.append(
                ResponseFailedEvent(
                    type="response.failed",
                    sequence_number=len(events),
                    response=response,
                )
                if response.status == "failed"
                else END
            )
        new_event.set()
        self._finished.append(key)
        while len(self._finished) > EVENTS_KEPT:
            self.drop(self._finished.popleft())


class Lease:
    """Says to other processes that this one still makes its background responses."""

    def __init__(
        self,
        store: Store,
        call: Callable[..., Awaitable[Any]],
        keys: Callable[[], list[Key]],
        lost: Callable[[Key], None],
    ) -> None:
        """Begin with none.

        Args:
            store: where the responses are stored.
            call: calls a method of the store.
            keys: those that are made now and stored as such.
            lost: is told of one that another process has ended.
        """
        self._store = store
        self._call = call
        self._keys = keys
        self._lost = lost
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Renew it until there are no responses any more."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            keys = self._keys()
            if not keys:
                return
            try:
                for key in await self._call(self._store.touch, keys):
                    self._lost(key)
            except StoreUnavailable as error:
                logger.warning("Background responses can't be renewed: %s", error)


def fail(response: Any, reason: str) -> None:
    """Make it a failed one."""
    response.status = "failed"
    response.error = {"code": "server_error", "message": reason}


def failed_if_lost(record: Record, now: float) -> Record | None:
    """The record of a response as failed, if the process that made it has ended."""
    if not record.unfinished or now - record.updated <= LOST_SECONDS:
        return None
    return _with_response(
        record,
        lambda response: fail(response, "The server that made it has ended."),
    )


def cancelled(record: Record) -> Record:
    """The record of a response as cancelled."""

    def cancel(response: Any) -> None:
        response.status = "cancelled"

    return _with_response(record, cancel)


def is_unfinished(response: Any) -> bool:
    return response.status in UNFINISHED


def _with_response(record: Record, change: Callable[[Any], None]) -> Record:
    added = decode(record.body)
    response = response_of(added)
    change(response)
    return replace(
        record,
        status=response.status,
        body=encode(
            replace(added, response=response.model_dump(mode="json", by_alias=True))
        ),
    )
