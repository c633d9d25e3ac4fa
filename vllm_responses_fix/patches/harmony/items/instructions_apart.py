"""One item of a conversation becomes one Harmony message, with all that it holds."""

from collections.abc import Sequence
from typing import Any

from openai.types.responses import ResponseOutputItem, ResponseReasoningItem
from openai_harmony import Message
from vllm.entrypoints.openai.parser import harmony_utils
from vllm.entrypoints.openai.responses.protocol import ResponseInputOutputItem

from .any_role import chat_message, convert_item, texts_of


def response_input_to_harmony(
    response_msg: ResponseInputOutputItem,
    prev_responses: Sequence[ResponseOutputItem | ResponseReasoningItem],
) -> Message | None:
    """Convert one item.

    Returns:
        The message, or None for reasoning without text and for a system or developer
        item without text.

    Raises:
        VLLMValidationError: the item has no place in a prompt, or is the result of a
            call that is not among `prev_responses`.
    """
    return convert_item(response_msg, prev_responses, _message)


def _message(item: dict[str, Any]) -> Message | None:
    role = item["role"]
    if role not in ("system", "developer"):
        return chat_message(item)
    text = "".join(texts_of(item["content"]))
    if not text:
        return None
    return harmony_utils.get_system_or_developer_message(role, text)
