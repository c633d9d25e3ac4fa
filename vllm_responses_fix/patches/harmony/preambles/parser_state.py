"""A preamble is labelled as one, so that a client can send it back as one.

Harmony writes to the user on two channels: `final` ends the turn, `commentary`
without a recipient announces tool calls. Both are message items; `phase` tells them
apart (openai SDK, `ResponseOutputMessage.phase`).
"""

import functools
from collections.abc import Callable
from typing import Any, Literal

from openai.types.responses import (
    ResponseOutputItem,
    ResponseOutputMessage,
    ResponseOutputText,
)
from openai_harmony import Message, StreamableParser
from vllm.utils import random_uuid

PREAMBLE: Literal["commentary"] = "commentary"


def parse_final_message(message: Message) -> ResponseOutputItem:
    """Parse a message to the user into an output message item."""
    contents: list[Any] = [
        ResponseOutputText(
            text=content.text,
            annotations=[],  # TODO
            type="output_text",
            logprobs=None,  # TODO
        )
        for content in message.content
    ]
    return ResponseOutputMessage(
        id=f"msg_{random_uuid()}",
        content=contents,
        role=message.author.role,
        status="completed",
        type="message",
        phase=PREAMBLE if message.channel == PREAMBLE else None,
    )


def label_unfinished_preamble(
    original: Callable[..., list[ResponseOutputItem]],
) -> Callable[..., list[ResponseOutputItem]]:
    """Label the message that the model did not end."""

    @functools.wraps(original)
    def parser_state_to_response_output(
        parser: StreamableParser, *function_tool_names: Any
    ) -> list[ResponseOutputItem]:
        items = original(parser, *function_tool_names)
        if parser.current_channel == PREAMBLE:
            label(items)
        return items

    return parser_state_to_response_output


def label_opened_preamble(original: Callable[..., list[Any]]) -> Callable[..., Any]:
    """Label the item that a stream opens."""

    @functools.wraps(original)
    def emit_content_delta_events(ctx: Any, state: Any) -> list[Any]:
        events = original(ctx, state)
        if ctx.parser.current_channel == PREAMBLE:
            label(items_of(events))
        return events

    return emit_content_delta_events


def label_done_preamble(original: Callable[..., list[Any]]) -> Callable[..., Any]:
    """Label the item that a stream closes."""

    @functools.wraps(original)
    def emit_previous_item_done_events(
        previous_item: Message, state: Any, *function_tool_names: Any
    ) -> list[Any]:
        events = original(previous_item, state, *function_tool_names)
        if previous_item.channel == PREAMBLE:
            label(items_of(events))
        return events

    return emit_previous_item_done_events


def items_of(events: list[Any]) -> list[Any]:
    return [event.item for event in events if hasattr(event, "item")]


def label(items: list[Any]) -> None:
    for item in items:
        if isinstance(item, ResponseOutputMessage):
            item.phase = PREAMBLE
