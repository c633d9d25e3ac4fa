"""The text parts of chat messages are those of a chat."""

import functools
from collections.abc import Callable
from typing import Any

_TEXT_IN: dict[str, str] = {
    "input_text": "text",
    "output_text": "text",
    "refusal": "refusal",
}
"""Types of the Responses API, and the field that has the text."""


def name_text_parts(original: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """Give the text parts of chat messages their type in a chat.

    What reads them for a chat template treats all of these types alike.

    Source: mistral_common's `ChunkTypes`; vLLM's `_parse_chat_message_content_part`.
    """

    @functools.wraps(original)
    def construct_chat_messages_with_tool_call(
        input_messages: Any, *args: Any, **kwargs: Any
    ) -> list[Any]:
        messages = original(input_messages, *args, **kwargs)
        for index, message in enumerate(messages):
            content = message.get("content")
            if isinstance(content, list) and any(map(_has_other_type, content)):
                # Copies, as the message may be one of the request, or a stored one.
                parts = [_text_part(part) for part in content]
                messages[index] = {**message, "content": parts}
        return messages

    return construct_chat_messages_with_tool_call


def _has_other_type(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") in _TEXT_IN


def _text_part(part: Any) -> Any:
    if not _has_other_type(part):
        return part
    return {"type": "text", "text": part[_TEXT_IN[part["type"]]]}
