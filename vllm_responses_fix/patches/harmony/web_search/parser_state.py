"""A call of the browser tool is streamed as a web search, once.

For releases up to 0.24, whose functions read the parser's state.
"""

import functools
import json
from collections.abc import Callable
from typing import Any

from openai_harmony import Message, Role
from vllm.entrypoints.openai.responses import streaming_events

_SEARCHES = ("browser.search", "browser.open", "browser.find")


def is_search(recipient: str | None) -> bool:
    """Whether what is written to this recipient is a `web_search_call`."""
    return recipient in _SEARCHES


def hold_back_search(original: Callable[..., list[Any]]) -> Callable[..., Any]:
    """Open no item for a call of the browser until it is whole.

    Source: the events of a web search have no arguments that come in pieces
    (streaming events of the Responses API reference).
    """

    @functools.wraps(original)
    def emit_content_delta_events(ctx: Any, state: Any) -> list[Any]:
        if is_search(ctx.parser.current_recipient):
            return []
        return original(ctx, state)

    return emit_content_delta_events


def show_search(original: Callable[..., list[Any]]) -> Callable[..., Any]:
    """Stream a call of the browser that is whole, in the place of its message."""

    @functools.wraps(original)
    def emit_previous_item_done_events(
        previous_item: Message, state: Any, *function_tool_names: Any
    ) -> list[Any]:
        if is_search(previous_item.recipient):
            return _searching(previous_item, state)
        return original(previous_item, state, *function_tool_names)

    return emit_previous_item_done_events


def _searching(call: Message, state: Any) -> list[Any]:
    try:
        return streaming_events.emit_browser_tool_events(call, state)
    except (KeyError, ValueError):
        # These are no arguments of this tool. The response has them as what is looked
        # for, too.
        written = call.content[0].text
        arguments = json.dumps({"query": written, "pattern": written})
        readable = Message.from_role_and_content(Role.ASSISTANT, arguments)
        return streaming_events.emit_browser_tool_events(
            readable.with_recipient(call.recipient), state
        )


def not_again(original: Callable[..., list[Any]]) -> Callable[..., Any]:
    """Leave out the web search that `show_search` has streamed."""

    @functools.wraps(original)
    def emit_tool_action_events(ctx: Any, state: Any, tool_server: Any) -> list[Any]:
        messages = ctx.parser.messages
        if messages and is_search(messages[-1].recipient):
            return []
        return original(ctx, state, tool_server)

    return emit_tool_action_events
