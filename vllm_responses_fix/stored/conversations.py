"""The stored conversations of one server: load, save, and what is under way."""

import asyncio
import json
import logging
import time
import weakref
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from ..store.protocol import Key, NotStored, Store, StoreUnavailable
from ..store.record import Record
from .background import Events, Lease, OwnDict, cancelled, fail, is_unfinished
from .body import Added, decode
from .known import CACHE_BYTES, Cache, Known, View, current, owner
from .metrics import StoreMetrics
from .reading import Reader
from .rebuilding import response_of
from .retries import Earlier
from .turn import Turn, record_of
from .unsaved import Unsaved

logger = logging.getLogger("vllm.responses_fix")

T = TypeVar("T")

SWEEP_SECONDS = 60.0

# Store calls wait for disks and networks, so they are made in threads.
_threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="responses-store")


class Conversations:
    """The stored conversations that one `OpenAIServingResponses` serves.

    Attributes:
        store: where they are stored.
        cache: those that were used last, in vLLM's form.
        running: background responses that this process makes.
        events: of background streams; vLLM's `event_store`.
        tasks: of background responses; vLLM's `background_tasks`.
    """

    def __init__(
        self,
        serving: Any,
        store: Store,
        metrics: StoreMetrics | None,
        cache_bytes: int,
    ) -> None:
        self.store = store
        self.cache = Cache(cache_bytes)
        self.running: dict[Key, Turn] = {}
        self.events = Events()
        self.tasks = OwnDict()
        self._lease = Lease(store, self.call, self._leased, self._lost)
        self._tasks: set[asyncio.Task[None]] = set()
        self._swept = time.monotonic()
        self._metrics = metrics
        self._unsaved = Unsaved(store, self.call, metrics)
        # A turn lives as long as somebody makes or reads its response.
        self._turns: weakref.WeakValueDictionary[int, Turn] = (
            weakref.WeakValueDictionary()
        )
        self._ids: weakref.WeakValueDictionary[Key, Turn] = (
            weakref.WeakValueDictionary()
        )
        self._is_harmony: bool = serving.use_harmony
        self._reader = Reader(store, self.call, self.cache, self._is_harmony)

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        """Call the store, without holding up the event loop."""
        if not self.store.shared:
            # It has nothing to wait for.
            return function(*args)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_threads, function, *args)

    async def load(self, serving: Any, id: str) -> Known:
        """A response of the current owner, with the conversation before it.

        Raises:
            NotStored: it is not there.
            StoreUnavailable: the store can't be asked.
            UnrenderableError: the model of this server has no form for it.
            UnknownFormatError: a newer kit has stored it.
        """
        self._sweep_now_and_then()
        key = (owner.get(), id)
        if (running := await self._running(key)) is not None:
            return running
        known = self.cache.get(key)
        if known is None or not await self._is_stored(key, known):
            return await self._reader.load(serving, key)
        if self._metrics is not None:
            self._metrics.cache_hits.inc()
        return known

    async def _is_stored(self, key: Key, known: Known) -> bool:
        if self._unsaved.has(key):
            return True
        try:
            return known.is_of(await self.call(self.store.head, key[1], key[0]))
        except LookupError:
            self.cache.drop(key)
            raise

    async def read(self, id: str) -> Known:
        """A response of the current owner, without the conversation before it.

        Raises:
            NotStored, StoreUnavailable, UnknownFormatError: see `load`.
        """
        key = (owner.get(), id)
        if (running := await self._running(key)) is not None:
            return running
        if self._unsaved.has(key) and (known := self.cache.get(key)) is not None:
            return known
        return await self.call(lambda: Known(response_of(self._reader.added(key))))

    async def _running(self, key: Key) -> Known | None:
        """What there is of a background response that this process makes; if it has
        ended, it is stored. None if another process has ended it."""
        turn = self.running.get(key)
        if turn is None:
            return None
        if key in self._leased():
            with suppress(StoreUnavailable):
                if await self.call(self.store.touch, [key]):
                    self._lost(key)
        if not is_unfinished(turn.made.response):
            await turn.told.wait()
        return None if turn.clashed else turn.made

    async def begin(self, turn: Turn) -> Earlier | None:
        """A response will be made, and is to be stored.

        Returns:
            The one that has its id already, if there is one: it can't be made.

        Raises:
            StoreUnavailable, UnknownFormatError: whether there is one can't be told.
        """
        self._sweep_now_and_then()
        making = self._ids.get(turn.key)
        if making is not None:
            return Earlier(making.digest, making.saved or making.request.background)
        # From here on another request with the id finds this one.
        self._ids[turn.key] = turn
        if turn.digest is not None:
            try:
                earlier = await self.earlier(turn)
            except BaseException:
                self.end(turn)
                raise
            if earlier is not None:
                self.end(turn)
                return earlier
        self._turns[id(turn.request)] = turn
        return None

    async def earlier(self, turn: Turn) -> Earlier | None:
        """The stored response that has the id of a turn.

        Raises:
            StoreUnavailable, UnknownFormatError: it can't be read.
        """
        try:
            record = self._unsaved.get(turn.key)
            if record is None:
                record = await self.call(self._reader.get, turn.key)
        except NotStored as error:
            self.cache.drop(turn.key)
            return Earlier() if error.reason == "deleted" else None
        return Earlier(decode(record.body).request, True)

    def end(self, turn: Turn) -> None:
        """A response is not being made any more: its id is what the store says."""
        if self._ids.get(turn.key) is turn:
            del self._ids[turn.key]

    def turn_of(self, request: Any) -> Turn | None:
        """The response that is made for a request, if that is to be stored."""
        return self._turns.get(id(request))

    async def save(self, turn: Turn) -> None:
        """Store a finished response, before its client is told that it is finished.

        If the store can't be reached, it waits in memory until it can. If another
        response with its id was there first, it has `clashed`.
        """
        turn.saved = True
        try:
            record = record_of(turn, self._is_harmony)
            before = self.store.clock()
            if await self._put(turn, record):
                turn.made.put_between = (before, self.store.clock())
                # Its prompt is all there, not only what it adds.
                prompt = len(str(turn.made.response.input_messages or ""))
                self.cache.put(turn.key, turn.made, record.size + prompt)
        finally:
            turn.told.set()

    async def _put(self, turn: Turn, record: Record) -> bool:
        async with turn.putting:
            # What has been queued is replaced.
            is_new = turn.digest is not None and not turn.queued
            done = await self._unsaved.put(record, is_new=is_new)
            turn.queued = turn.queued or done
            turn.clashed = turn.clashed or not done
        return done

    async def chain(self, id: str) -> list[Added]:
        """What a response of the current owner and all before it added.

        Raises:
            NotStored, StoreUnavailable, UnknownFormatError: see `load`.
        """
        return await self.call(self._reader.chain, (owner.get(), id))

    async def delete(self, id: str) -> None:
        """Delete a response of the current owner.

        Raises:
            NotStored, StoreUnavailable: see `load`.
        """
        await self.call(self.store.delete, id, owner.get())
        self.cache.drop((owner.get(), id))

    async def queue(self, turn: Turn) -> None:
        """Store a background response that has been begun, so that others know it.

        If another response with its id was there first, it has `clashed` and ends.
        """
        self.running[turn.key] = turn
        task = self.tasks.get(turn.key[1])
        if task is None:
            await self.settle(turn)
            return
        task.add_done_callback(lambda _: self._settle_soon(turn))
        # It may be finished by now.
        if not turn.saved:
            await self._put(turn, record_of(turn, self._is_harmony))
        if turn.clashed:
            self.running.pop(turn.key, None)
            self.events.drop(turn.key)
            turn.told.set()
            task.cancel()
        self._lease.start()

    async def settle(self, turn: Turn) -> None:
        """A background response is not made any more: store what became of it."""
        if self.running.pop(turn.key, None) is None:
            # It is being stored already.
            await turn.told.wait()
            return
        if not turn.saved:
            if is_unfinished(turn.made.response):
                fail(turn.made.response, "The model's generation has failed.")
            await self.save(turn)
        self.events.finish(turn.key, turn.made.response)
        self.end(turn)

    async def cancel(self, id: str) -> Known:
        """Cancel a background response that another process makes.

        Returns:
            What it is now: another process may have finished it.

        Raises:
            NotStored, StoreUnavailable, UnknownFormatError: see `load`.
        """
        key = (owner.get(), id)

        def put() -> Record:
            record = cancelled(self._reader.get(key))
            return record if self.store.put(record) else self._reader.get(key)

        return Known(response_of(decode((await self.call(put)).body)))

    def _settle_soon(self, turn: Turn) -> None:
        self._start(self.settle(turn))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _sweep_now_and_then(self) -> None:
        """Remove what retention does not keep, and see how much is stored."""
        if time.monotonic() - self._swept > SWEEP_SECONDS:
            self._swept = time.monotonic()
            self._start(self._sweep())

    async def _sweep(self) -> None:
        try:
            await self.call(self.store.sweep)
        except StoreUnavailable as error:
            logger.warning("The store of responses can't be swept: %s", error)

    def _leased(self) -> list[Key]:
        return [
            key
            for key, turn in self.running.items()
            if turn.queued and not turn.saved and not self._unsaved.has(key)
        ]

    def _lost(self, key: Key) -> None:
        """Another process has cancelled or deleted it."""
        turn = self.running.get(key)
        if turn is None or turn.saved:
            return
        turn.saved = turn.clashed = True
        turn.told.set()
        turn.made.response.status = "cancelled"
        if (task := self.tasks.of(key)) is not None:
            task.cancel()


_attached: "weakref.WeakKeyDictionary[Any, Conversations]" = weakref.WeakKeyDictionary()


def attach(
    serving: Any,
    store: Store,
    metrics: StoreMetrics | None = None,
    cache_bytes: int = CACHE_BYTES,
) -> None:
    """Let an `OpenAIServingResponses` serve from a store, in the place of its dicts.

    Args:
        serving: without a store so far.
        store: closed when `serving` goes.
        metrics: what is counted in; a probe counts nothing.
        cache_bytes: of the records of which conversations are kept in memory as well.
    """
    conversations = Conversations(serving, store, metrics, cache_bytes)
    _attached[serving] = conversations
    weakref.finalize(serving, store.close)
    serving.response_store = View(conversations.cache, "response")
    serving.msg_store = View(conversations.cache, "messages")
    serving.event_store = conversations.events
    serving.background_tasks = conversations.tasks


def conversations_of(serving: Any) -> Conversations | None:
    """The stored conversations of an `OpenAIServingResponses`, if it stores any."""
    return _attached.get(serving)


@contextmanager
def responses_of_request(responses: dict[str, Known]) -> Iterator[None]:
    """Let vLLM find these, and what is made of them, in its dicts."""
    token = current.set(responses)
    try:
        yield
    finally:
        current.reset(token)


async def body_of(request: Any, raw_request: Any) -> dict[str, Any]:
    """The body of a request, as its client sent it."""
    if raw_request is None:
        sent: dict[str, Any] = request.model_dump(mode="json")
        return sent
    # What FastAPI has parsed, validation has written into.
    body: dict[str, Any] = json.loads(await raw_request.body())
    return body
