"""A preamble is labelled as one, so that a client can send it back as one."""

import functools
from collections.abc import Callable
from typing import Any

from openai.types.responses import (
    ResponseOutputItem,
    ResponseOutputMessage,
    ResponseOutputText,
)
from openai_harmony import Message
from vllm.utils import random_uuid

from .parser_state import PREAMBLE, items_of, label, label_done_preamble

__all__ = ["label_done_preamble", "label_opened_preamble", "parse_final_message"]


def parse_final_message(
    message: Message, incomplete: bool = False
) -> ResponseOutputItem:
    """Parse final channel messages into output message items."""
    contents: list[Any] = []
    for content in message.content:
        output_text = ResponseOutputText(
            text=content.text,
            annotations=[],  # TODO
            type="output_text",
            logprobs=None,  # TODO
        )
        contents.append(output_text)
    return ResponseOutputMessage(
        id=f"msg_{random_uuid()}",
        content=contents,
        role=message.author.role,
        status="incomplete" if incomplete else "completed",
        type="message",
        phase=PREAMBLE if message.channel == PREAMBLE else None,
    )


def label_opened_preamble(original: Callable[..., list[Any]]) -> Callable[..., Any]:
    """Label the item that a stream opens."""

    @functools.wraps(original)
    def emit_content_delta_events(
        segment: Any, state: Any, *function_tool_names: Any
    ) -> list[Any]:
        events = original(segment, state, *function_tool_names)
        if segment.channel == PREAMBLE:
            label(items_of(events))
        return events

    return emit_content_delta_events
