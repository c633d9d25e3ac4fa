"""What a model was saying when its generation was cut short is stored, too."""

from typing import Any

from openai.types.responses import ResponseOutputItem
from vllm.entrypoints.openai.responses import serving
from vllm.entrypoints.openai.responses.context import HarmonyContext

from .any_call import unfinished_messages


def make_response_output_items_with_harmony(
    self: Any, context: HarmonyContext
) -> list[ResponseOutputItem]:
    """The output items of a response, at the end of its generation.

    As in `any_call`, with the names of the request's functions.
    """
    output_items: list[ResponseOutputItem] = []
    fn_names = context.function_tool_names
    for msg in context.messages[context.num_init_messages :]:
        output_items.extend(serving.harmony_to_response_output(msg, fn_names))
    output_items.extend(
        serving.parser_state_to_response_output(context.parser, fn_names)
    )
    context.messages.extend(unfinished_messages(context.parser))
    return output_items
