"""An input may name stored output items by their ids."""

import asyncio
import functools
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from http import HTTPStatus
from typing import Any

from vllm.entrypoints.openai.responses.protocol import ResponsesResponse

from vllm_responses_fix.stored.conversations import body_of, conversations_of
from vllm_responses_fix.stored.errors import or_error
from vllm_responses_fix.stored.known import Known

from .item_ids import is_reference, response_id_of, stored_id

Method = Callable[..., Coroutine[Any, Any, Any]]
Events = Callable[..., AsyncGenerator[Any, None]]


def resolve_references(original: Method) -> Method:
    """Put the items in the place of references, as if the client had sent them.

    Source: the item type `item_reference` of the Responses API reference.
    """

    @functools.wraps(original)
    async def create_responses(self: Any, request: Any, raw_request: Any = None) -> Any:
        if isinstance(request.input, list) and any(map(is_reference, request.input)):
            wire = (await body_of(request, raw_request))["input"]
            error = await _put_items(self, wire)
            if error is not None:
                return error
            request.input = type(request).model_validate({"input": wire}).input
            conversations = conversations_of(self)
            turn = conversations.turn_of(request) if conversations else None
            if turn is not None:
                turn.input = wire
        return await original(self, request, raw_request)

    return create_responses


async def _put_items(self: Any, wire: list[Any]) -> Any:
    """Replace the references in an input.

    Returns:
        None, or the error that the client is to get.
    """
    numbers = [number for number, item in enumerate(wire) if is_reference(item)]
    ids = {response_id_of(wire[number]["id"]) for number in numbers} - {""}
    conversations = conversations_of(self)
    found: dict[str, Any] = {}
    if conversations is not None:
        answers = await asyncio.gather(
            *(or_error(self, conversations.read(id), id, "input") for id in ids)
        )
        found = dict(zip(ids, answers, strict=True))
    for number in numbers:
        item_id = wire[number]["id"]
        known = found.get(response_id_of(item_id))
        items = known.response.output if isinstance(known, Known) else ()
        item = next((item for item in items if item.id == item_id), None)
        if item is None:
            return _not_found(self, number, item_id, known, conversations is not None)
        wire[number] = item.model_dump(mode="json", by_alias=True)
    return None


def _not_found(self: Any, number: int, id: str, error: Any, stores: bool) -> Any:
    why = "there is no stored item with this id."
    if isinstance(error, Known):
        error = None
    if error is not None:
        if error.error.code != HTTPStatus.NOT_FOUND:
            return error
        why = error.error.message
    elif not stores:
        why = "this server stores no responses."
    return self.create_error_response(
        message=f"input[{number}] refers to the item {id!r}: {why}",
        err_type="invalid_request_error",
        status_code=HTTPStatus.BAD_REQUEST,
        param=f"input[{number}]",
    )


def name_in_response(original: Method) -> Method:
    """Give the items of a response that is to be stored the ids they are found by."""

    @functools.wraps(original)
    async def responses_full_generator(
        self: Any, request: Any, *args: Any, **kwargs: Any
    ) -> Any:
        response = await original(self, request, *args, **kwargs)
        # vLLM has put it into its store by now; nothing reads it in between.
        if isinstance(response, ResponsesResponse) and _is_stored(self, request):
            for item in response.output:
                if getattr(item, "id", None):
                    item.id = stored_id(item.id, response.id)
        return response

    return responses_full_generator


def name_in_events(original: Events) -> Events:
    """Give the items of a stream the ids under which they are stored."""

    @functools.wraps(original)
    async def responses_stream_generator(
        self: Any, request: Any, *args: Any, **kwargs: Any
    ) -> AsyncGenerator[Any, None]:
        is_stored = _is_stored(self, request)
        async with aclosing(original(self, request, *args, **kwargs)) as events:
            async for event in events:
                yield _renamed(event, request.request_id) if is_stored else event

    return responses_stream_generator


def _renamed(event: Any, response_id: str) -> Any:
    # Copies, as vLLM goes on with the items that it has put into events.
    update: dict[str, Any] = {}
    item: Any = getattr(event, "item", None)
    if getattr(item, "id", None):
        name = {"id": stored_id(item.id, response_id)}
        update["item"] = item.model_copy(update=name)
    if getattr(event, "item_id", None):
        update["item_id"] = stored_id(event.item_id, response_id)
    return event.model_copy(update=update) if update else event


def _is_stored(self: Any, request: Any) -> bool:
    conversations = conversations_of(self)
    return conversations is not None and conversations.turn_of(request) is not None
