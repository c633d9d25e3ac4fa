"""The conversation so far and the new input become one prompt of Harmony messages."""

from typing import Any

from openai.types.responses import ResponseOutputItem
from openai_harmony import Message
from vllm.entrypoints.openai.parser import harmony_utils
from vllm.entrypoints.openai.responses.protocol import ResponsesRequest
from vllm.exceptions import VLLMValidationError
from vllm.renderers import map_reasoning_effort, online_renderer

from .continued import continued_conversation


def render_responses_with_harmony(
    self: Any,
    request: ResponsesRequest,
    *,
    previous_messages: list[Any] | None,
    previous_response_outputs: list[ResponseOutputItem] | None,
    tool_server: Any,
) -> Any:
    """Build and render the Harmony messages of a request.

    Args:
        self: the renderer.
        request: the request.
        previous_messages: what is stored of the response that it continues.
        previous_response_outputs: the output items of that response.
        tool_server: has the descriptions of the built-in tools.

    Returns:
        A `ResponsesRenderResult`, or the `ErrorResponse` of a 400: an item has no
        place in a prompt, or is the result of a call that the conversation lacks.

    Source: vLLM #43244.
    """
    self.adjust_harmony_request(request)

    if previous_messages is not None and any(
        not isinstance(message, Message) for message in previous_messages
    ):
        return self.create_error_response(
            "Harmony Responses history must use Harmony messages.",
            err_type="invalid_request_error",
            param="previous_response_id",
        )

    tool_types = online_renderer.extract_tool_types(request.tools)
    with_custom_tools = harmony_utils.has_custom_tools(tool_types)
    conversation = continued_conversation(
        request, previous_messages, previous_response_outputs
    )
    descriptions = self._get_harmony_builtin_tool_descriptions(
        request.tools,
        tool_types,
        tool_server,
    )
    preamble = harmony_utils.build_harmony_preamble(
        instructions=conversation.instructions,
        tools=request.tools if with_custom_tools else None,
        reasoning_effort=map_reasoning_effort(
            request.reasoning.effort if request.reasoning else None,
            self.reasoning_effort_map,
        ),
        with_custom_tools=with_custom_tools,
        **descriptions,
    )
    try:
        messages = conversation.prompt(preamble)
    except (ValueError, VLLMValidationError) as exc:
        return self.create_error_response(
            str(exc),
            err_type="invalid_request_error",
            param="input",
        )

    return online_renderer.ResponsesRenderResult(
        messages=messages,
        engine_input=self.render_responses_harmony_messages(
            messages,
            cache_salt=request.cache_salt,
            tok_params=request.build_tok_params(self.model_config),
        ),
    )
