"""Every item that a stream closes was opened, under an id of its own.

For releases in which a closed call has its item id.
"""

import functools
from collections.abc import Callable
from typing import Any

from openai_harmony import Message
from vllm.entrypoints.openai.parser import harmony_utils
from vllm.entrypoints.openai.responses import streaming_events
from vllm.entrypoints.openai.responses.streaming_events import StreamingState


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
        return events

    return emit_previous_item_done_events


def open_item(
    item: Message, state: StreamingState, function_tool_names: frozenset[str] | None
) -> list[Any]:
    """Open an item that is to be closed, if it is not open.

    Without that, a stream does not show an item without a delta that the response has,
    or closes it under the id of the item before it.
    """
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
