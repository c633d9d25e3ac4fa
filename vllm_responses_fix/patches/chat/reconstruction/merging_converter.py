"""The conversation so far and the new input become one list of chat messages.

For releases whose converter makes an item part of the message before it by writing
into that message.
"""

from typing import Any

from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionMessageParam
from vllm.entrypoints.openai.responses import utils
from vllm.entrypoints.openai.responses.protocol import ResponseInputOutputItem

from .separate_messages import construct_input_messages, without_server_side_calls

__all__ = ["construct_chat_messages_with_tool_call", "construct_input_messages"]


def construct_chat_messages_with_tool_call(
    input_messages: list[ResponseInputOutputItem],
    messages: list[ChatCompletionMessageParam] | None = None,
) -> list[ChatCompletionMessageParam]:
    """Build chat messages from response items.

    Some chat messages span multiple response items (e.g., reasoning + tool calls).

    Args:
        input_messages: items of a conversation, or of its continuation.
        messages: the messages of the conversation so far, to be continued. The list
            is extended; its messages may belong to a stored conversation and are not
            changed: where an item becomes part of the last one, a copy takes its place.

    Returns:
        `messages`, or a new list.
    """
    if messages is None:
        messages = []
    for item in without_server_side_calls(input_messages):
        prev_msg = _copy_message(messages[-1]) if messages else None
        message = utils._construct_message_from_response_item(item, prev_msg=prev_msg)
        if message is not None:
            messages.append(message)
        elif prev_msg is not None:
            messages[-1] = prev_msg
    return messages


def _copy_message(message: ChatCompletionMessageParam) -> ChatCompletionMessageParam:
    """A copy that the converter may write into; it also extends the list of calls."""
    copied: Any = {**message}
    if isinstance(copied.get("tool_calls"), list):
        copied["tool_calls"] = [*copied["tool_calls"]]
    return copied
