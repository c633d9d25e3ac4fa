"""A call of the browser tool is streamed as a web search, once."""

import functools
from collections.abc import Callable
from typing import Any

from openai_harmony import Message

from .parser_state import is_search, show_search

__all__ = ["hold_back_search", "not_again", "show_search"]


def hold_back_search(original: Callable[..., list[Any]]) -> Callable[..., Any]:
    """Open no item for a call of the browser until it is whole.

    Source: the events of a web search have no arguments that come in pieces
    (streaming events of the Responses API reference).
    """

    @functools.wraps(original)
    def emit_content_delta_events(
        segment: Any, state: Any, *function_tool_names: Any
    ) -> list[Any]:
        if is_search(segment.recipient):
            return []
        return original(segment, state, *function_tool_names)

    return emit_content_delta_events


def not_again(original: Callable[..., list[Any]]) -> Callable[..., Any]:
    """Leave out the web search that `show_search` has streamed."""

    @functools.wraps(original)
    def emit_tool_action_events(
        previous_item: Message, state: Any, tool_server: Any
    ) -> list[Any]:
        if is_search(previous_item.recipient):
            return []
        return original(previous_item, state, tool_server)

    return emit_tool_action_events
