"""One item of a conversation becomes a chat message, or part of the one before."""

from typing import Any

from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseReasoningItem,
)
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionMessageParam
from vllm.entrypoints.openai.responses.protocol import ResponseInputOutputItem

from .single_item import construct_single_message_from_response_item


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
    message = construct_single_message_from_response_item(item)
    if isinstance(
        item, (ResponseFunctionToolCall, ResponseOutputMessage, ResponseReasoningItem)
    ) and merge_into(prev_msg, message):
        return None
    return message


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
