"""Where vLLM's Responses API meets the store.

Each function here is given one of vLLM's and returns what takes its place.
"""

import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from http import HTTPStatus
from typing import Any

from vllm.entrypoints.openai.responses.protocol import ResponsesResponse

from vllm_responses_fix.store.opening import open_store
from vllm_responses_fix.store.protocol import NotStored, StoreUnavailable
from vllm_responses_fix.store.settings import read_store_settings
from vllm_responses_fix.stored.background import END, TERMINAL, is_unfinished
from vllm_responses_fix.stored.body import UnknownFormatError
from vllm_responses_fix.stored.conversations import (
    Turn,
    attach,
    conversations_of,
    input_of,
    responses_of_request,
)
from vllm_responses_fix.stored.known import Known, owner
from vllm_responses_fix.stored.rebuilding import UnrenderableError

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
        parallel = self.engine_client.vllm_config.parallel_config
        store = open_store(settings, processes=parallel._api_process_count)
        attach(self, store)

    return __init__


def create_with_store(original: Method) -> Method:
    """Load what a request continues, and keep what it makes until it is stored."""

    @functools.wraps(original)
    async def create_responses(self: Any, request: Any, raw_request: Any = None) -> Any:
        conversations = conversations_of(self)
        if conversations is None:
            return await original(self, request, raw_request)
        responses: dict[str, Known] = {}
        parent = None
        if request.previous_response_id is not None:
            parent = await _or_error(
                self,
                conversations.load(self, request.previous_response_id),
                request.previous_response_id,
                "previous_response_id",
            )
            if not isinstance(parent, Known):
                return parent
            responses[request.previous_response_id] = parent
        turn = None
        if request.store:
            turn = conversations.begin(
                request, await input_of(request, raw_request), parent
            )
            responses[request.request_id] = turn.made
        with responses_of_request(responses):
            result = await original(self, request, raw_request)
        if turn is not None and request.background and turn.made.response is not None:
            await conversations.queue(turn)
        if isinstance(result, AsyncGenerator):
            return _holding(turn, result)
        return result

    return create_responses


async def _holding(
    turn: Turn | None, events: AsyncGenerator[Any, None]
) -> AsyncGenerator[Any, None]:
    """The events, with the turn kept as long as anybody may ask for them."""
    async with aclosing(events):
        async for event in events:
            yield event


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
        known = await _or_error(
            self, conversations.read(response_id), response_id, "response_id"
        )
        if not isinstance(known, Known):
            return known
        stream = args[1] if len(args) > 1 else kwargs.get("stream")
        if stream and response_id not in self.event_store:
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
        known = await _or_error(
            self, conversations.read(response_id), response_id, "response_id"
        )
        if not isinstance(known, Known):
            return known
        turn = conversations.running.get((owner.get(), response_id))
        if turn is None and is_unfinished(known.response):
            known = await _or_error(
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


async def _or_error(self: Any, known: Awaitable[Known], id: str, param: str) -> Any:
    """A response, or the error that its client is to get."""
    try:
        return await known
    except NotStored as error:
        return _not_found(self, id, error)
    except StoreUnavailable as error:
        return self.create_error_response(
            message=f"Stored responses can't be read at the moment: {error}",
            err_type="service_unavailable",
            status_code=HTTPStatus.SERVICE_UNAVAILABLE,
            param=param,
        )
    except (UnrenderableError, UnknownFormatError) as error:
        return self.create_error_response(
            message=f"Response with id '{id}' can't be continued here: {error}",
            err_type="invalid_request_error",
            status_code=HTTPStatus.BAD_REQUEST,
            param=param,
        )


_GONE = {
    "expired": " It has expired.",
    "evicted": " It was evicted to make room for newer ones.",
}


def _not_found(self: Any, id: str, error: NotStored) -> Any:
    response = self._make_not_found_error(id)
    response.error.message += _GONE.get(error.reason, "")
    return response
