"""One item of a conversation becomes one chat message, with all that it holds."""

import json
from typing import Any

from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseReasoningItem,
)
from openai.types.responses.response_function_tool_call_output_item import (
    ResponseFunctionToolCallOutputItem,
)
from pydantic import ValidationError
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionMessageParam
from vllm.entrypoints.openai.responses.protocol import ResponseInputOutputItem
from vllm.exceptions import VLLMValidationError
from vllm.logger import init_logger

logger = init_logger("vllm.responses_fix")


def construct_single_message_from_response_item(
    item: ResponseInputOutputItem,
) -> ChatCompletionMessageParam:
    """Convert one item.

    Raises:
        VLLMValidationError: the item has no place in a prompt (a 400 that names
            `input`): encrypted reasoning, or an unknown type.

    Source: vLLM #43244; the item types of the Responses API reference.
    """
    if isinstance(item, ResponseFunctionToolCall):
        return {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": item.call_id,
                    "function": {
                        "name": item.name,
                        "arguments": json_arguments(item.arguments),
                    },
                    "type": "function",
                }
            ],
        }
    if isinstance(item, ResponseReasoningItem):
        return {"role": "assistant", "reasoning": reasoning_text(item)}
    if isinstance(item, ResponseOutputMessage):
        return {"role": "assistant", "content": message_content(item.content)}
    if isinstance(item, ResponseFunctionToolCallOutputItem):
        return {"role": "tool", "content": item.output, "tool_call_id": item.call_id}
    if isinstance(item, dict):
        if item.get("type") == "function_call_output":
            return {
                "role": "tool",
                "content": item.get("output"),
                "tool_call_id": item.get("call_id"),
            }
        if "role" in item:
            return _chat_message(item)
    item_type = item.get("type") if isinstance(item, dict) else item.type
    raise VLLMValidationError(
        # What pydantic lets through without reading it is still a dict.
        f"An input item of type {item_type!r} is not valid."
        if item_type == "reasoning"
        else f"Input items of type {item_type!r} are not supported.",
        parameter="input",
        value=item_type,
    )


def message_content(parts: list[Any]) -> str | list[dict[str, str]]:
    """The content of an assistant message: its text, or all of several parts."""
    if not parts:
        return ""
    if len(parts) == 1:
        return parts[0].refusal if parts[0].type == "refusal" else parts[0].text
    # chat_utils knows both types, and how the model's chat template takes parts.
    return [
        {"type": "refusal", "refusal": part.refusal}
        if part.type == "refusal"
        else {"type": "text", "text": part.text}
        for part in parts
    ]


def reasoning_text(item: ResponseReasoningItem) -> str:
    if item.encrypted_content:
        raise VLLMValidationError(
            "Encrypted content is not supported.", parameter="input"
        )
    if item.content:
        return "\n".join(part.text for part in item.content)
    if item.summary:
        logger.warning(
            "Using summary text as reasoning content for item %s. "
            "Please use content instead of summary for "
            "reasoning items.",
            item.id,
        )
    return "\n".join(part.text for part in item.summary)


def json_arguments(arguments: str) -> str:
    """Arguments of a call in a form that chat_utils can decode.

    A call that was cut short has arguments that are no JSON; chat_utils would answer
    every later turn of the conversation with an error. As a JSON string they reach
    the chat template as the model wrote them.
    """
    if not arguments:
        return arguments
    try:
        json.loads(arguments)
    except ValueError:
        return json.dumps(arguments)
    return arguments


def _chat_message(item: dict[str, Any]) -> ChatCompletionMessageParam:
    """A message that already has the form of a chat message."""
    content = item.get("content")
    if content is None or isinstance(content, (str, list)):
        return item
    return {"role": item["role"], "content": validated_parts(content)}


def validated_parts(parts: Any) -> str | list[Any]:
    """All of a content that pydantic validates while it is read, which works once.

    It makes one of the plain string that `{"type": "message", "role": "assistant",
    "content": "text"}` has, too, and then rejects every character for not being a
    content part.
    """
    valid: list[Any] = []
    characters: list[str] = []
    while True:
        try:
            valid.append(next(parts))
        except StopIteration:
            break
        except ValidationError as error:
            rejected = _rejected_character(error)
            if valid or rejected is None:
                raise VLLMValidationError(
                    "A content part of an assistant message is not valid.",
                    parameter="input",
                ) from error
            characters.append(rejected)
    return valid or "".join(characters)


def _rejected_character(error: ValidationError) -> str | None:
    """The one character that is where a part has to be."""
    first = error.errors()[0]
    rejected = first["input"]
    # A field of a part, its type for example, can be as short.
    is_where_a_part_is = first["type"] == "dict_type"
    if is_where_a_part_is and isinstance(rejected, str) and len(rejected) == 1:
        return rejected
    return None
