"""Where vLLM's Responses API meets the store.

Each function here is given one of vLLM's and returns what takes its place.
"""

import functools
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from http import HTTPStatus
from typing import Any

from vllm.entrypoints.openai.responses.protocol import ResponsesResponse

from vllm_responses_fix.store.opening import open_store
from vllm_responses_fix.store.settings import read_store_settings
from vllm_responses_fix.stored.background import (
    END,
    TERMINAL,
    ResponseFailedEvent,
    fail,
    is_unfinished,
)
from vllm_responses_fix.stored.conversations import (
    Conversations,
    attach,
    body_of,
    conversations_of,
    responses_of_request,
)
from vllm_responses_fix.stored.errors import api_processes, not_found, or_error
from vllm_responses_fix.stored.known import CACHE_BYTES, Known, owner
from vllm_responses_fix.stored.measured import MeasuredStore
from vllm_responses_fix.stored.metrics import register
from vllm_responses_fix.stored.retries import Earlier, answer_again, digest
from vllm_responses_fix.stored.turn import Turn

Method = Callable[..., Coroutine[Any, Any, Any]]


def serve_from_store(original: Callable[..., None]) -> Callable[..., None]:
    """Give `OpenAIServingResponses` a store in the place of its dicts."""

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        settings = read_store_settings()
        if settings.where is not None:
            self.enable_store = True
        if not self.enable_store:
            return
        store = open_store(settings, processes=api_processes(self))
        metrics = register(shared=store.shared)
        # Who limits the store means what this process keeps of it, too.
        cache_bytes = min(CACHE_BYTES, settings.max_bytes or CACHE_BYTES)
        attach(self, MeasuredStore(store, metrics), metrics, cache_bytes)

    return __init__


def create_with_store(original: Method) -> Method:
    """Load what a request continues, and keep what it makes until it is stored."""

    @functools.wraps(original)
    async def create_responses(self: Any, request: Any, raw_request: Any = None) -> Any:
        conversations = conversations_of(self)
        if conversations is None:
            # With the store on, the kit has come to a server that was there before it:
            # what that has stored is where vLLM keeps it.
            if request.previous_response_id is not None and not self.enable_store:
                return not_found(
                    self, request.previous_response_id, "previous_response_id"
                )
            return await original(self, request, raw_request)
        if (request.model_extra or {}).get("conversation") is not None:
            return self.create_error_response(
                message=(
                    "Conversations aren't supported: continue a response with "
                    "`previous_response_id`."
                ),
                err_type="invalid_request_error",
                status_code=HTTPStatus.BAD_REQUEST,
                param="conversation",
            )
        turn = None
        if request.store:
            body = await body_of(request, raw_request)
            turn = Turn(request, owner.get(), body["input"])
            # An id that vLLM has made is taken by nobody.
            if "request_id" in request.model_fields_set:
                turn.digest = digest(body)
            earlier = await or_error(
                self, conversations.begin(turn), request.request_id, "request_id"
            )
            if isinstance(earlier, Earlier):
                return await answer_again(self, request, turn.digest, earlier)
            if earlier is not None:
                return earlier
        try:
            result = await _create(
                original, self, conversations, request, raw_request, turn
            )
        except BaseException:
            _end(conversations, turn)
            raise
        if isinstance(result, AsyncGenerator):
            return _holding(conversations, turn, result)
        _end(conversations, turn)
        return result

    return create_responses


async def _create(
    original: Method,
    self: Any,
    conversations: Conversations,
    request: Any,
    raw_request: Any,
    turn: Turn | None,
) -> Any:
    responses: dict[str, Known] = {}
    if request.previous_response_id is not None:
        parent = await or_error(
            self,
            conversations.load(self, request.previous_response_id),
            request.previous_response_id,
            "previous_response_id",
        )
        if not isinstance(parent, Known):
            return parent
        responses[request.previous_response_id] = parent
        if turn is not None:
            turn.parent = parent
    if turn is not None:
        responses[request.request_id] = turn.made
    with responses_of_request(responses):
        result = await original(self, request, raw_request)
    if turn is not None and request.background and turn.made.response is not None:
        await conversations.queue(turn)
        if turn.clashed:
            if isinstance(result, AsyncGenerator):
                await result.aclose()
            return await _answer_of_another(self, conversations, turn)
    return result


def _end(conversations: Conversations, turn: Turn | None) -> None:
    """Somebody else may use its id, unless it is stored or made in the background."""
    if turn is not None and turn.key not in conversations.running:
        conversations.end(turn)


async def _answer_of_another(
    self: Any, conversations: Conversations, turn: Turn
) -> Any:
    """What a client gets whose response can't be stored: that of the one before it."""
    earlier = await or_error(
        self, conversations.earlier(turn), turn.request.request_id, "request_id"
    )
    if not isinstance(earlier, Earlier | None):
        return earlier
    return await answer_again(self, turn.request, turn.digest, earlier or Earlier())


class _StoredByAnotherError(RuntimeError):
    """A stream can't be told that it is finished, as another response is stored."""


async def _holding(
    conversations: Conversations,
    turn: Turn | None,
    events: AsyncGenerator[Any, None],
) -> AsyncGenerator[Any, None]:
    """The events, with the turn kept as long as anybody may ask for them."""
    number = 0
    try:
        async with aclosing(events):
            async for event in events:
                number = getattr(event, "sequence_number", number) + 1
                yield event
    except _StoredByAnotherError:
        assert turn is not None
        fail(turn.made.response, "Another request with its `request_id` came first.")
        yield ResponseFailedEvent(
            type="response.failed",
            sequence_number=number,
            response=turn.made.response,
        )
    finally:
        _end(conversations, turn)


def save_before_told(original: Method) -> Method:
    """Store a response before its client is told that it is finished."""

    @functools.wraps(original)
    async def responses_full_generator(
        self: Any, request: Any, *args: Any, **kwargs: Any
    ) -> Any:
        conversations = conversations_of(self)
        turn = conversations.turn_of(request) if conversations is not None else None
        if conversations is None or turn is None:
            return await original(self, request, *args, **kwargs)
        with responses_of_request({request.request_id: turn.made}):
            response = await original(self, request, *args, **kwargs)
        # vLLM has not kept it if it was cancelled meanwhile.
        if isinstance(response, ResponsesResponse) and turn.made.response is response:
            await conversations.save(turn)
            if turn.clashed and not request.background:
                if request.stream:
                    raise _StoredByAnotherError(request.request_id)
                return await _answer_of_another(self, conversations, turn)
        return response

    return responses_full_generator


def retrieve_from_store(original: Method) -> Method:
    """Load a response that is asked for."""

    @functools.wraps(original)
    async def retrieve_responses(
        self: Any, response_id: str, *args: Any, **kwargs: Any
    ) -> Any:
        conversations = conversations_of(self)
        if conversations is None:
            return await original(self, response_id, *args, **kwargs)
        known = await or_error(
            self, conversations.read(response_id), response_id, "response_id"
        )
        if not isinstance(known, Known):
            return known
        stream = args[1] if len(args) > 1 else kwargs.get("stream")
        if stream and not conversations.events.are_of(known.response):
            return _no_events(self, known.response)
        with responses_of_request({response_id: known}):
            return await original(self, response_id, *args, **kwargs)

    return retrieve_responses


def _no_events(self: Any, response: Any) -> Any:
    why = (
        "is being made by another process: its events can't be streamed from here. "
        "Retrieve it without `stream` until it is finished."
        if is_unfinished(response)
        else "has no events that could be streamed: they are kept for a while, of "
        "background responses that were created with `stream: true`. Retrieve it "
        "without `stream`."
    )
    return self.create_error_response(
        message=f"Response with id '{response.id}' {why}",
        err_type="invalid_request_error",
        status_code=HTTPStatus.BAD_REQUEST,
        param="stream",
    )


def cancel_in_store(original: Method) -> Method:
    """Cancel a background response, whichever process makes it."""

    @functools.wraps(original)
    async def cancel_responses(self: Any, response_id: str) -> Any:
        conversations = conversations_of(self)
        if conversations is None:
            return await original(self, response_id)
        known = await or_error(
            self, conversations.read(response_id), response_id, "response_id"
        )
        if not isinstance(known, Known):
            return known
        turn = conversations.running.get((owner.get(), response_id))
        if turn is not None and turn.saved:
            # It has ended, here or by another process.
            turn = None
        if turn is None and is_unfinished(known.response):
            known = await or_error(
                self, conversations.cancel(response_id), response_id, "response_id"
            )
            return known.response if isinstance(known, Known) else known
        if turn is None and known.response.background:
            # As OpenAI: who cancels it a second time is told what became of it.
            return known.response
        with responses_of_request({response_id: known}):
            result = await original(self, response_id)
        if turn is not None:
            await conversations.settle(turn)
        return result

    return cancel_responses


def end_with_response(
    original: Callable[..., AsyncGenerator[Any, None]],
) -> Callable[..., AsyncGenerator[Any, None]]:
    """End a background stream when its response has ended, however that was."""

    @functools.wraps(original)
    async def responses_background_stream_generator(
        self: Any, *args: Any, **kwargs: Any
    ) -> AsyncGenerator[Any, None]:
        async with aclosing(original(self, *args, **kwargs)) as events:
            async for event in events:
                if event is END:
                    return
                yield event
                if event.type in TERMINAL:
                    return

    return responses_background_stream_generator
