"""vLLM #42189 for 0.21.0: contiguous assistant items become one chat message."""

from typing import Any

from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseReasoningItem,
)
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionMessageParam
from vllm.entrypoints.openai.responses import utils
from vllm.entrypoints.openai.responses.protocol import ResponseInputOutputItem

from ..all_parts.merging import assistant_content


def maybe_combine_reasoning_and_tool_call(
    item: ResponseInputOutputItem, messages: list[ChatCompletionMessageParam]
) -> ChatCompletionMessageParam | None:
    """Make an item of the assistant part of its last message, if that has room.

    A message has room for one reasoning, one content and any number of calls.

    Args:
        item: the item that follows.
        messages: the messages before it. Not changed.

    Returns:
        A new message to take the place of the last one, or None.

    Source: vLLM #42189 (0.22.0).
    """
    if not messages or messages[-1].get("role") != "assistant":
        return None
    last: dict[str, Any] = {**messages[-1]}
    if isinstance(item, ResponseFunctionToolCall):
        part = "tool_calls"
    elif isinstance(item, ResponseReasoningItem):
        part = "reasoning"
    elif isinstance(item, ResponseOutputMessage) or _only_says(item):
        part = "content"
    else:
        return None

    present = last.get(part)
    if present is not None and part != "tool_calls":
        return None
    # Not before it is clear that there is room: some contents can be read once only.
    added: Any = (
        {part: assistant_content(item)}
        if isinstance(item, dict)
        else utils._construct_single_message_from_response_item(item)
    )
    last[part] = [*present, *added[part]] if present else added[part]
    return last


def _only_says(item: ResponseInputOutputItem) -> bool:
    """Whether it is a chat message of the assistant with nothing but a content."""
    return (
        isinstance(item, dict)
        and item.get("role") == "assistant"
        and item.get("content") is not None
        and item.get("reasoning") is None
        and item.get("tool_calls") is None
    )
