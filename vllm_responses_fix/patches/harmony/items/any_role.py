"""One item of a conversation becomes one Harmony message, with all that it holds."""

from collections.abc import Callable, Sequence
from typing import Any

from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputItem,
    ResponseReasoningItem,
)
from openai_harmony import Author, Message, Role, TextContent
from vllm.entrypoints.openai.responses.protocol import ResponseInputOutputItem
from vllm.exceptions import VLLMValidationError

from ...chat.all_parts.single_item import validated_parts


def response_input_to_harmony(
    response_msg: ResponseInputOutputItem,
    prev_responses: Sequence[ResponseOutputItem | ResponseReasoningItem],
) -> Message | None:
    """Convert one item.

    Args:
        response_msg: the item.
        prev_responses: items before it, among them the calls of the conversation.

    Returns:
        None for reasoning that says nothing.

    Raises:
        VLLMValidationError: the item has no place in a prompt, or is the result of an
            unknown call (a 400 that names `input`).

    Source: vLLM #43244; the item types of the Responses API reference; the Harmony
    format (https://cookbook.openai.com/articles/openai-harmony).
    """
    return convert_item(response_msg, prev_responses, chat_message)


def convert_item(
    response_msg: ResponseInputOutputItem,
    prev_responses: Sequence[ResponseOutputItem | ResponseReasoningItem],
    convert_message: Callable[[dict[str, Any]], Message | None],
) -> Message | None:
    """`response_input_to_harmony`, given what messages are converted with."""
    item: Any = response_msg
    if not isinstance(item, dict):
        item = item.model_dump()
    item_type = item.get("type", "message")
    if item_type == "message":
        if "role" not in item:
            raise VLLMValidationError(
                f"The input item with the id {item.get('id')!r} has neither a type nor "
                "a role. References to stored items are not supported: send the item "
                "itself.",
                parameter="input",
            )
        return convert_message(item)
    if item_type == "function_call":
        recipient = function_recipient(item["name"], item.get("namespace"))
        return call_message(recipient, item["arguments"])
    if item_type == "function_call_output":
        return function_result(item, prev_responses)
    if item_type == "reasoning":
        return reasoning_message(item)
    if item_type == "mcp_call":
        return call_message(mcp_recipient(item), item["arguments"])
    raise VLLMValidationError(
        f"Input items of type {item_type!r} are not supported.",
        parameter="input",
        value=item_type,
    )


def chat_message(item: dict[str, Any]) -> Message:
    role = item["role"]
    # <|start|>developer<|message|># Instructions {instructions}<|end|>
    text_prefix = "Instructions:\n" if role == "developer" else ""
    contents = [
        TextContent(text=text_prefix + text) for text in texts_of(item["content"])
    ]
    msg = Message.from_role_and_contents(role, contents)
    if role == "assistant":
        # A preamble is commentary without a recipient.
        is_preamble = item.get("phase") == "commentary"
        msg = msg.with_channel("commentary" if is_preamble else "final")
    return msg


def function_recipient(name: str, namespace: str | None) -> str:
    """Whom a call is addressed to; of a namespace, as the chat template path has it."""
    return f"functions.{namespace}__{name}" if namespace else f"functions.{name}"


def call_message(recipient: str, arguments: str) -> Message:
    return (
        Message.from_role_and_content(Role.ASSISTANT, arguments)
        .with_channel("commentary")
        .with_recipient(recipient)
        .with_content_type("<|constrain|>json")
    )


def function_result(
    item: dict[str, Any],
    prev_responses: Sequence[ResponseOutputItem | ResponseReasoningItem],
) -> Message:
    call_id = item["call_id"]
    for prev_response in reversed(prev_responses):
        if (
            isinstance(prev_response, ResponseFunctionToolCall)
            and prev_response.call_id == call_id
        ):
            namespace = getattr(prev_response, "namespace", None)
            author = Author.new(
                Role.TOOL, function_recipient(prev_response.name, namespace)
            )
            contents = [TextContent(text=text) for text in texts_of(item["output"])]
            return Message(
                author=author,
                content=contents,
                channel="commentary",
                recipient=Role.ASSISTANT,
            )
    raise VLLMValidationError(f"No call message found for {call_id}", parameter="input")


def reasoning_message(item: dict[str, Any]) -> Message | None:
    texts = texts_of(item.get("content")) or _summary_texts(item.get("summary"))
    if not texts:
        if item.get("encrypted_content"):
            raise VLLMValidationError(
                "Encrypted content is not supported.", parameter="input"
            )
        return None
    msg = Message.from_role_and_content(Role.ASSISTANT, "\n".join(texts))
    return msg.with_channel("analysis")


def _summary_texts(summary: Any) -> list[str]:
    """Of one that is not valid, none: stock vLLM answers without reading it."""
    try:
        return texts_of(summary)
    except VLLMValidationError:
        return []


def mcp_recipient(item: dict[str, Any]) -> str:
    """The recipient that the model wrote, from an item of either form.

    A stored item has the two halves of `server.tool`, one that was streamed has all
    of it as its name.
    """
    server_label, name = item["server_label"], item["name"]
    if name == server_label or name.startswith(f"{server_label}."):
        return name
    return f"{server_label}.{name}"


def texts_of(content: Any) -> list[str]:
    """The text of every part of a content."""
    if content is not None and not isinstance(content, (str, list)):
        content = validated_parts(content)
    if isinstance(content, str):
        return [content]
    return [_text(part) for part in content or ()]


def _text(part: dict[str, Any]) -> str:
    text = part.get("refusal") if part.get("type") == "refusal" else part.get("text")
    if not isinstance(text, str):
        raise VLLMValidationError(
            f"Content parts of type {part.get('type')!r} are not supported by this "
            "model.",
            parameter="input",
        )
    return text
