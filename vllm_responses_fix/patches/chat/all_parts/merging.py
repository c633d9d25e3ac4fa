"""One item of a conversation becomes a chat message, or part of the one before.

Whatever form an item of the assistant has, it is the same item.
"""

from typing import Any

from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseReasoningItem,
)
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionMessageParam
from vllm.entrypoints.openai.responses.protocol import ResponseInputOutputItem

from .single_item import construct_single_message_from_response_item, validated_parts


def construct_message_from_response_item(
    item: ResponseInputOutputItem,
    prev_msg: ChatCompletionMessageParam | None = None,
) -> ChatCompletionMessageParam | None:
    """Returns a new message or None. If `None`, `prev_msg` is updated.
    If `prev_msg` is `None`, a new message is always returned.

    Raises:
        VLLMValidationError: the item has no place in a prompt (a 400 that names
            `input`): encrypted reasoning, or an unknown type.

    Source: vLLM #43244; merging as in #42189.
    """
    content = assistant_content(item)
    message: ChatCompletionMessageParam = (
        construct_single_message_from_response_item(item)
        if content is None
        else {"role": "assistant", "content": content}
    )
    mergeable = content is not None or isinstance(
        item, (ResponseFunctionToolCall, ResponseOutputMessage, ResponseReasoningItem)
    )
    return None if mergeable and merge_into(prev_msg, message) else message


def merge_into(prev_msg: Any, message: Any) -> bool:
    """Make what an assistant message says part of the one before, if that has room.

    A message has room for one reasoning, one content and any number of calls.

    Args:
        prev_msg: any message, or None; written into.
        message: an assistant message with one of the three.

    Returns:
        Whether it was done.
    """
    if prev_msg is None or prev_msg.get("role") != "assistant":
        return False
    (part,) = message.keys() - {"role"}
    if part == "tool_calls":
        prev_msg[part] = [*(prev_msg.get(part) or ()), *message[part]]
    elif prev_msg.get(part) is None:
        prev_msg[part] = message[part]
    else:
        return False
    return True


def assistant_content(item: ResponseInputOutputItem) -> str | list[Any] | None:
    """The content of an assistant message that has the form of a chat message.

    None if the item is none, or a chat message that also reasons or calls: such a one
    is of a prompt that is rendered anew after a tool was run, and stays as it is.
    """
    if not isinstance(item, dict) or item.get("role") != "assistant":
        return None
    if item.get("reasoning") is not None or item.get("tool_calls") is not None:
        return None
    content = item.get("content")
    if content is not None and not isinstance(content, (str, list)):
        content = validated_parts(content)
    if isinstance(content, list) and len(content) < 2:
        return next((part.get("text", part.get("refusal")) for part in content), "")
    return content
