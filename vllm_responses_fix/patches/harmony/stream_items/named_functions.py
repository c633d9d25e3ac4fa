"""Every item that a stream closes was opened, under an id of its own."""

import functools
from collections.abc import Callable
from typing import Any

from openai.types.responses import ResponseFunctionToolCall
from openai_harmony import Message
from vllm.entrypoints.openai.responses.streaming_events import StreamingState

from .closed_with_id import open_item


def open_item_before_done(original: Callable[..., list[Any]]) -> Callable[..., Any]:
    """Close an item, which is opened first if it had no delta."""

    @functools.wraps(original)
    def emit_previous_item_done_events(
        previous_item: Message,
        state: StreamingState,
        function_tool_names: frozenset[str] | None = None,
    ) -> list[Any]:
        events = open_item(previous_item, state, function_tool_names)
        events += original(previous_item, state, function_tool_names)
        for event in events:
            # The id of a call is otherwise only where no client looks for it.
            item = getattr(event, "item", None)
            if isinstance(item, ResponseFunctionToolCall) and item.id is None:
                item.id = state.current_item_id
        return events

    return emit_previous_item_done_events
