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
                if event.type == "response.output_item.added":
                    streamed.append(event.item)
                elif event.type == "response.output_item.done":
                    _replace_opened(streamed, event.item)
                yield event

    return responses_stream_generator


def _replace_opened(streamed: list[Any], done: Any) -> None:
    """What is never done, as generation is cut short, stays as it was opened."""
    for index, opened in enumerate(streamed):
        if opened.id == done.id:
            streamed[index] = done
            return
    streamed.append(done)


def store_streamed_ids(original: Callable[..., Any]) -> Callable[..., Any]:
    """Give the items of the final response the ids under which they were streamed.

    The response is already stored by then, and nothing else runs before it has its
    ids: there is no await in between.

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

    That is the item with the same content; for what is left over, the next one of the
    same type: a streaming parser may miss one of several calls, or split text in
    another way than the final parse. An item that was not streamed keeps its own id.
    """
    remaining = list(streamed)
    unmatched = []
    for item in items:
        key = _content(item)
        same = (other for other in remaining if _content(other) == key)
        if not _take_id(item, next(same, None), remaining):
            unmatched.append(item)
    for item in unmatched:
        key = _kind(item)
        alike = (other for other in remaining if _kind(other) == key)
        _take_id(item, next(alike, None), remaining)


def _take_id(item: Any, counterpart: Any, remaining: list[Any]) -> bool:
    if counterpart is None:
        return False
    remaining.remove(counterpart)
    item.id = counterpart.id
    if isinstance(item, ResponseFunctionToolCall):
        item.call_id = counterpart.call_id
    return True


def _kind(item: Any) -> tuple[str, ...]:
    if isinstance(item, ResponseFunctionToolCall):
        return (item.type, item.name)
    return (item.type,)


def _content(item: Any) -> tuple[Any, ...]:
    if isinstance(item, ResponseFunctionToolCall):
        return (item.type, item.name, item.arguments)
    if item.type == "mcp_call":
        return (item.type, item.arguments)
    if item.type == "code_interpreter_call":
        # Harmony streams the code that it stores as reasoning.
        return ("reasoning", item.code or "")
    parts = getattr(item, "content", None) or ()
    return (item.type, "".join(getattr(part, "text", "") for part in parts))
