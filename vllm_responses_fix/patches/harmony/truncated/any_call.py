"""What a model was saying when its generation was cut short is stored, too."""

from typing import Any

from openai.types.responses import ResponseOutputItem
from openai_harmony import Author, Message, Role, StreamableParser, TextContent
from vllm.entrypoints.openai.responses import serving
from vllm.entrypoints.openai.responses.context import HarmonyContext


def make_response_output_items_with_harmony(
    self: Any, context: HarmonyContext
) -> list[ResponseOutputItem]:
    """The output items of a response, at the end of its generation.

    The message that the model did not end becomes the last of the context, which is
    what later turns are built from.

    Source: vLLM #43244; from 0.25 on, vLLM's own parser flushes such a message.
    """
    output_items: list[ResponseOutputItem] = []
    for msg in context.messages[context.num_init_messages :]:
        output_items.extend(serving.harmony_to_response_output(msg))
    output_items.extend(serving.parser_state_to_response_output(context.parser))
    context.messages.extend(unfinished_messages(context.parser))
    return output_items


def unfinished_messages(parser: StreamableParser) -> list[Message]:
    if not parser.current_content or parser.current_role != Role.ASSISTANT:
        return []
    return [
        Message(
            author=Author(role=Role.ASSISTANT),
            content=[TextContent(text=parser.current_content)],
            channel=parser.current_channel,
            recipient=parser.current_recipient,
            content_type=parser.current_content_type,
        )
    ]
