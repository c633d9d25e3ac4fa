"""An item is made whole before a converter of vLLM sees it that the kit does not know.

The other variants take the place of the converter. This one goes around it, so that a
release of vLLM that changes it is served from its first day on.
"""

import functools
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseReasoningItem,
)
from openai.types.responses.response_reasoning_item import Content

from .single_item import (
    construct_single_message_from_response_item,
    json_arguments,
    message_content,
    reasoning_text,
    validated_parts,
)

_CONTENT = "the content of this message"


def convert_whole(original: Callable[..., Any]) -> Callable[..., Any]:
    """Let an item have all its parts, whichever of them the converter reads.

    What it has no place for is a 400, as in the other variants.

    Source: vLLM #43244.
    """

    @functools.wraps(original)
    def _construct_message_from_response_item(
        item: Any, prev_msg: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        if not isinstance(item, ResponseOutputMessage):
            whole = _whole(item)
            with suppress(AttributeError, KeyError):
                message = original(whole, prev_msg, *args, **kwargs)
                # What it has no place for, it may return as it is.
                if message is not whole or _is_chat_message(whole):
                    return message
            return construct_single_message_from_response_item(item)
        text = ResponseOutputText(text=_CONTENT, type="output_text", annotations=[])
        plain = item.model_copy(update={"content": [text]})
        message = original(plain, prev_msg, *args, **kwargs)
        # A new message, or the one before where it has become a part of that.
        changed = prev_msg if message is None else message
        if changed is not None and changed.get("content") == _CONTENT:
            changed["content"] = message_content(item.content)
        return message

    return _construct_message_from_response_item


def _whole(item: Any) -> Any:
    """The same item with what several parts say in the one that is read."""
    if isinstance(item, ResponseReasoningItem):
        content = [Content(text=reasoning_text(item), type="reasoning_text")]
        return item.model_copy(update={"content": content, "summary": []})
    if isinstance(item, ResponseFunctionToolCall):
        arguments = json_arguments(item.arguments)
        return item.model_copy(update={"arguments": arguments})
    if _is_chat_message(item):
        parts = item.get("content")
        if parts is not None and not isinstance(parts, (str, list)):
            return {"role": item["role"], "content": validated_parts(parts)}
    return item


def _is_chat_message(item: Any) -> bool:
    return isinstance(item, dict) and item.get("role") is not None
