"""Is every item that a stream closes one that it has opened?"""

import inspect
from typing import Any

from openai_harmony import Message, Role
from vllm.entrypoints.openai.responses import streaming_events


def fault() -> str | None:
    """How a stream closes an item without a delta, and a call."""
    text = Message.from_role_and_content(Role.ASSISTANT, "").with_channel("final")
    call = (
        Message.from_role_and_content(Role.ASSISTANT, "")
        .with_channel("commentary")
        .with_recipient("functions.probe")
    )
    for message in (text, call):
        events = _closing(message)
        opened = [e.item.id for e in events if e.type == "response.output_item.added"]
        closed = [e.item.id for e in events if e.type == "response.output_item.done"]
        if not closed or opened != closed:
            return f"a stream opens {opened} and closes {closed}"
    return None


def _closing(message: Message) -> list[Any]:
    emit = streaming_events.emit_previous_item_done_events
    state = streaming_events.StreamingState()
    if "function_tool_names" in inspect.signature(emit).parameters:
        return emit(message, state, frozenset({"probe"}))
    return emit(message, state)
