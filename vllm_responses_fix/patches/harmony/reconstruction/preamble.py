"""The conversation so far and the new input become one list of Harmony messages."""

from typing import Any

from openai_harmony import Message
from vllm.entrypoints.openai.responses import serving
from vllm.entrypoints.openai.responses.protocol import (
    ResponsesRequest,
    ResponsesResponse,
)

from .continued import continued_conversation


def construct_input_messages_with_harmony(
    self: Any,
    request: ResponsesRequest,
    prev_response: ResponsesResponse | None,
) -> list[Message]:
    """Build the Harmony messages of a request.

    Args:
        self: the serving object, which has the messages of earlier requests.
        request: the request.
        prev_response: the response that it continues.

    Returns, raises: see `ContinuedConversation.prompt`.
    """
    tool_types = serving.extract_tool_types(request.tools)
    with_custom_tools = serving.has_custom_tools(tool_types)
    conversation = continued_conversation(
        request,
        self.msg_store[prev_response.id] if prev_response is not None else None,
        prev_response.output if prev_response is not None else None,
    )
    descriptions = self._get_harmony_builtin_tool_descriptions(request, tool_types)
    preamble = serving.build_harmony_preamble(
        instructions=conversation.instructions,
        tools=request.tools if with_custom_tools else None,
        reasoning_effort=request.reasoning.effort if request.reasoning else None,
        with_custom_tools=with_custom_tools,
        **descriptions,
    )
    return conversation.prompt(preamble)
