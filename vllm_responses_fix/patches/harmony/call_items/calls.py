"""A function call is a function_call item with its whole name, wherever it stands."""

import functools
from collections.abc import Callable

from openai.types.responses import ResponseFunctionToolCall, ResponseOutputItem
from openai_harmony import Message, StreamableParser
from vllm.entrypoints.openai.responses import harmony
from vllm.utils import random_uuid

_FUNCTIONS = "functions."


def harmony_to_response_output(message: Message) -> list[ResponseOutputItem]:
    """Parse a Harmony message into a list of output response items.

    The format asks for function calls on the commentary channel, but models also
    write them into their analysis. The stream's events and the truncated call are
    function calls there, and so is the result that a client will send.
    """
    if message.author.role != "assistant":
        # This is a message from a tool to the assistant (e.g., search result).
        # Don't include it in the final output for now. This aligns with
        # OpenAI's behavior on models like o4-mini.
        return []
    recipient = message.recipient
    if recipient is None:
        return harmony._parse_message_no_recipient(message)
    if recipient.startswith("browser."):
        return [harmony._parse_browser_tool_call(message, recipient)]
    if recipient.startswith(_FUNCTIONS):
        return harmony._parse_function_call(message, recipient)
    if recipient in harmony.BUILTIN_TOOL_TO_MCP_SERVER_LABEL:
        return harmony._parse_reasoning(message)
    return harmony._parse_mcp_call(message, recipient)


def parse_function_call(message: Message, recipient: str) -> list[ResponseOutputItem]:
    """Parse function calls into function tool call items."""
    output_items: list[ResponseOutputItem] = []
    for content in message.content:
        random_id = random_uuid()
        response_item = ResponseFunctionToolCall(
            arguments=content.text,
            call_id=f"call_{random_id}",
            type="function_call",
            name=recipient.removeprefix(_FUNCTIONS),
            id=f"fc_{random_id}",
        )
        output_items.append(response_item)
    return output_items


def name_unfinished_call(
    original: Callable[[StreamableParser], list[ResponseOutputItem]],
) -> Callable[[StreamableParser], list[ResponseOutputItem]]:
    """Give the call that the model did not end its whole name."""

    @functools.wraps(original)
    def parser_state_to_response_output(
        parser: StreamableParser,
    ) -> list[ResponseOutputItem]:
        items = original(parser)
        for item in items:
            if isinstance(item, ResponseFunctionToolCall):
                item.name = (parser.current_recipient or "").removeprefix(_FUNCTIONS)
        return items

    return parser_state_to_response_output
