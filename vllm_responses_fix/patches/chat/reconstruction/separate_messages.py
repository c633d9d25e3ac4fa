"""The conversation so far and the new input become one list of chat messages.

Replay sends every item of a conversation as `input`; a chained request names the part
that the server has. Both go through the same fold, so both come out alike.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from openai.types.responses import ResponseFunctionToolCall, ResponseOutputItem
from openai.types.responses.response_function_tool_call_output_item import (
    ResponseFunctionToolCallOutputItem,
)
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionMessageParam
from vllm.entrypoints.openai.responses import utils
from vllm.entrypoints.openai.responses.protocol import ResponseInputOutputItem


class SystemItemMessage(dict[str, Any]):
    """A system item of a request's input, as a chat message.

    It stays in the conversation, while the system message made from `instructions` is
    the current request's alone. The type tells them apart, as it survives the copies
    that are made of a stored list.
    """


def construct_input_messages(
    *,
    request_instructions: str | None = None,
    request_input: str | list[ResponseInputOutputItem],
    prev_msg: list[ChatCompletionMessageParam] | None = None,
    prev_response_output: list[ResponseOutputItem] | None = None,
) -> list[ChatCompletionMessageParam]:
    """Build the chat messages of a request.

    Args:
        request_instructions: `instructions` of this request.
        request_input: `input` of this request.
        prev_msg: the messages that the previous request was answered from, as this
            function returned them. Not changed.
        prev_response_output: the output items of the previous response.

    Returns:
        A new list. Its messages may be those of `prev_msg`, which nobody may change.

    Raises:
        ValueError: an item has no place in a prompt (encrypted reasoning, or an
            unknown type).

    Source: vLLM #43244, #37697.
    """
    carried = prev_msg or []
    first = 1 if carried and _is_instructions(carried[0]) else 0

    new_items: list[Any] = list(prev_response_output or ())
    if isinstance(request_input, str):
        new_items.append({"role": "user", "content": request_input})
    else:
        new_items.extend(request_input)
    # The fold goes on from the last message, which the first item may become part of.
    tail = utils.construct_chat_messages_with_tool_call(
        new_items, carried[max(first, len(carried) - 1) :]
    )
    tail = [
        SystemItemMessage(message) if message.get("role") == "system" else message
        for message in tail
    ]

    instructions: list[ChatCompletionMessageParam] = []
    if request_instructions:
        instructions.append({"role": "system", "content": request_instructions})
    # A sum has the size it needs. A list that grew has room to spare, and this one is
    # kept for as long as the conversation is.
    return instructions + carried[first:-1] + tail


def _is_instructions(message: ChatCompletionMessageParam) -> bool:
    return message.get("role") == "system" and not isinstance(
        message, SystemItemMessage
    )


def construct_chat_messages_with_tool_call(
    input_messages: list[ResponseInputOutputItem],
    messages: list[ChatCompletionMessageParam] | None = None,
) -> list[ChatCompletionMessageParam]:
    """Fold items into chat messages.

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
        # What it is shown may be written into.
        last = [{**message} for message in messages[-1:]]
        combined = utils._maybe_combine_reasoning_and_tool_call(item, last)
        if combined is not None:
            messages[-1] = combined
        else:
            messages.append(utils._construct_single_message_from_response_item(item))
    return messages


def without_server_side_calls(
    items: Iterable[ResponseInputOutputItem],
) -> Iterator[ResponseInputOutputItem]:
    """Replace a tool call that the server ran by the call and the output it is made of.

    `ResponsesParser` reports both as one `mcp_call` item; the model saw two messages.
    """
    for item in items:
        if (item.get("type") if isinstance(item, dict) else item.type) != "mcp_call":
            yield item
            continue
        call: Any = item if isinstance(item, dict) else item.model_dump()
        yield ResponseFunctionToolCall(
            id=call["id"],
            call_id=call["id"],
            name=call["name"],
            arguments=call["arguments"],
            type="function_call",
        )
        outcome = mcp_call_outcome(call)
        if outcome is not None:
            yield ResponseFunctionToolCallOutputItem(
                id=call["id"],
                call_id=call["id"],
                output=outcome,
                status="completed",
                type="function_call_output",
            )


def mcp_call_outcome(call: Mapping[str, Any]) -> str | None:
    """What came of an `mcp_call` item: output, error, or nothing yet."""
    outcome = call.get("output")
    if outcome is None:
        outcome = call.get("error")
    # Errors have had several forms in the openai SDK.
    if outcome is None or isinstance(outcome, str):
        return outcome
    return json.dumps(outcome)
