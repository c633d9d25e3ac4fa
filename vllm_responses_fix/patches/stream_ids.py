"""Output items are stored under the ids that the stream's events carried."""

import functools
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from openai.types.responses import ResponseFunctionToolCall, ResponseOutputItem
from vllm.entrypoints.openai.responses.context import ConversationContext
from vllm.entrypoints.openai.responses.protocol import ResponsesResponse

_streamed: "weakref.WeakKeyDictionary[ConversationContext, list[Any]]" = (
    weakref.WeakKeyDictionary()
)


def remember_streamed_items(
    original: Callable[..., AsyncGenerator[Any, None]],
) -> Callable[..., AsyncGenerator[Any, None]]:
    """Keep the output items that a stream has shown, for `store_streamed_ids`."""

    @functools.wraps(original)
    async def responses_stream_generator(
        self: Any,
        request: Any,
        sampling_params: Any,
        result_generator: Any,
        context: ConversationContext,
        *args: Any,
        **kwargs: Any,
    ) -> AsyncGenerator[Any, None]:
        streamed = _streamed.setdefault(context, [])
        events = original(
            self, request, sampling_params, result_generator, context, *args, **kwargs
        )
        async with aclosing(events):
            async for event in events:
                if event.type == "response.output_item.done":
                    streamed.append(event.item)
                yield event

    return responses_stream_generator


def store_streamed_ids(original: Callable[..., Any]) -> Callable[..., Any]:
    """Give the items of the final response the ids under which they were streamed.

    The response is already stored when the original returns, and nothing else runs
    before it has its ids: there is no await in between.

    Source: vLLM 0.33.0, `reuse_streamed_item_ids`.
    """

    @functools.wraps(original)
    async def responses_full_generator(
        self: Any,
        request: Any,
        sampling_params: Any,
        result_generator: Any,
        context: ConversationContext,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        response = await original(
            self, request, sampling_params, result_generator, context, *args, **kwargs
        )
        streamed = _streamed.pop(context, None)
        if streamed and isinstance(response, ResponsesResponse):
            reuse_streamed_ids(response.output, streamed)
        return response

    return responses_full_generator


def reuse_streamed_ids(
    items: list[ResponseOutputItem], streamed: list[ResponseOutputItem]
) -> None:
    """Give each item the id (and call id) of its streamed counterpart.

    An item that was not streamed keeps its own.
    """
    remaining = list(streamed)
    for item in items:
        counterpart = _counterpart(item, remaining)
        if counterpart is None:
            continue
        remaining.remove(counterpart)
        item.id = counterpart.id
        if isinstance(item, ResponseFunctionToolCall):
            item.call_id = counterpart.call_id


def _counterpart(item: Any, streamed: list[Any]) -> Any:
    """The streamed item with the same content, else the first that may be it.

    A streaming parser may miss one of several calls that the final parse finds.
    """
    candidates = [other for other in streamed if other.type == item.type]
    if isinstance(item, ResponseFunctionToolCall):
        candidates = [other for other in candidates if other.name == item.name]
        for other in candidates:
            if other.arguments == item.arguments:
                return other
    return candidates[0] if candidates else None
