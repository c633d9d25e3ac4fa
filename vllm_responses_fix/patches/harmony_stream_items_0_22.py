"""Every item that a stream closes was opened, under an id of its own."""

import functools
from collections.abc import Callable
from typing import Any

from openai.types.responses import ResponseFunctionToolCall
from openai_harmony import Message
from vllm.entrypoints.openai.parser import harmony_utils
from vllm.entrypoints.openai.responses import streaming_events
from vllm.entrypoints.openai.responses.streaming_events import StreamingState


def open_item_before_done(original: Callable[..., list[Any]]) -> Callable[..., Any]:
    """Open an item that had no delta before it is closed.

    Without that, up to 0.24 an empty message is closed under the id of the item before
    it, and a call without arguments under the call id ""; from 0.25 on, a stream does
    not show such an item at all, while the response has it.
    """

    @functools.wraps(original)
    def emit_previous_item_done_events(
        previous_item: Message,
        state: StreamingState,
        function_tool_names: frozenset[str] | None = None,
    ) -> list[Any]:
        events = _open(previous_item, state, function_tool_names)
        events += original(previous_item, state, function_tool_names)
        for event in events:
            # Up to 0.23 the original puts the item's id where no client looks for it.
            item = getattr(event, "item", None)
            if isinstance(item, ResponseFunctionToolCall) and item.id is None:
                item.id = state.current_item_id
        return events

    return emit_previous_item_done_events


def _open(
    item: Message, state: StreamingState, function_tool_names: frozenset[str] | None
) -> list[Any]:
    if item.recipient is not None:
        is_open = state.is_first_function_call_delta
        if is_open or not harmony_utils.is_function_recipient(
            item.recipient, function_tool_names
        ):
            return []
        name = harmony_utils.extract_function_from_recipient(item.recipient)
        return streaming_events.emit_function_call_delta_events("", name, state)
    if state.sent_output_item_added:
        return []
    if item.channel == "analysis":
        return streaming_events.emit_reasoning_delta_events("", state)
    return streaming_events.emit_text_delta_events("", state)
