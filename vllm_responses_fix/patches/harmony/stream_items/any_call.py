"""Every item that a stream closes was opened, under an id of its own."""

import functools
from collections.abc import Callable
from typing import Any

from openai.types.responses import ResponseFunctionToolCall
from openai_harmony import Message
from vllm.entrypoints.openai.responses import streaming_events
from vllm.entrypoints.openai.responses.streaming_events import StreamingState

_FUNCTIONS = "functions."


def open_item_before_done(original: Callable[..., list[Any]]) -> Callable[..., Any]:
    """Open an item that had no delta before it is closed.

    Without that, an empty message is closed under the id of the item before it, and a
    call without arguments, or one that came in a single delta, under the call id "".
    """

    @functools.wraps(original)
    def emit_previous_item_done_events(
        previous_item: Message, state: StreamingState
    ) -> list[Any]:
        events = _open(previous_item, state)
        events += original(previous_item, state)
        for event in events:
            # The id of a call is otherwise only where no client looks for it.
            item = getattr(event, "item", None)
            if isinstance(item, ResponseFunctionToolCall) and item.id is None:
                item.id = state.current_item_id
        return events

    return emit_previous_item_done_events


def _open(item: Message, state: StreamingState) -> list[Any]:
    if item.recipient is not None:
        is_open = state.is_first_function_call_delta
        if is_open or not item.recipient.startswith(_FUNCTIONS):
            return []
        name = item.recipient.removeprefix(_FUNCTIONS)
        return streaming_events.emit_function_call_delta_events("", name, state)
    if state.sent_output_item_added:
        return []
    if item.channel == "analysis":
        return streaming_events.emit_reasoning_delta_events("", state)
    return streaming_events.emit_text_delta_events("", state)
