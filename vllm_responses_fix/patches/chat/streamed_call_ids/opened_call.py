"""The events of a streamed call carry the id that its tool parser gave it."""

import functools
from collections.abc import Callable
from typing import Any


def take_over_call_id(original: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """Put the id of the delta that opens a call into the events, as 0.32.0 does.

    Source: vLLM 0.33.0, `emit_simple_tool_call_open`.
    """

    @functools.wraps(original)
    def open(self: Any, target_state: Any, tool_call: Any = None) -> list[Any]:
        events = original(self, target_state, tool_call)
        if tool_call is not None and tool_call.id:
            # The event that closes the item takes it from there.
            self.state.tool_call_id = tool_call.id
            for event in events:
                event.item.call_id = tool_call.id
        return events

    return open
