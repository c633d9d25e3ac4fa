"""The conversation so far and the new input become one list of Harmony messages.

As on the chat template path: replay sends every item of a conversation as `input`, a
chained request names the part that the server has, and both go through the same fold.
"""

from typing import Any

from openai.types.responses import ResponseFunctionToolCall
from openai_harmony import Message
from vllm.entrypoints.openai.responses import serving
from vllm.entrypoints.openai.responses.protocol import (
    ResponseInputOutputItem,
    ResponsesRequest,
    ResponsesResponse,
)

from .history import (
    FirstMessage,
    calls_answered_by,
    calls_in_chat_messages,
    give_call_ids,
    messages_of,
    request_message,
    stored_conversation,
)


class FirstMessageWithIdentity(FirstMessage):
    """The system message of a prompt.

    Attributes:
        model_identity: the conversation's first system item, which becomes the model's
            identity.
    """

    model_identity: str | None


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

    Returns:
        A new list. Its messages may be those of a stored conversation, which nobody
        may change.

    Raises:
        VLLMValidationError, ValueError: an item has no place in a prompt, or is the
            result of a call that the conversation does not have. A 400.

    Source: vLLM #43244; the FIXME in `_construct_input_messages_with_harmony` of
    0.21.0 on ignored request parameters.
    """
    tool_types = serving.extract_tool_types(request.tools)
    with_custom_tools = serving.has_custom_tools(tool_types)
    model_identity = self._extract_system_message_from_request(request)
    sys_msg = self._construct_harmony_system_input_message(
        request, with_custom_tools, tool_types
    )
    first = FirstMessageWithIdentity.model_construct(
        **vars(sys_msg), model_identity=model_identity
    )
    messages: list[Message] = [first]
    if with_custom_tools or request.instructions:
        tools: Any = request.tools if with_custom_tools else None
        dev_msg = serving.get_developer_message(
            instructions=request.instructions, tools=tools
        )
        messages.append(request_message(dev_msg))

    model_identity_seen = False
    if prev_response is None:
        conversation = serving.construct_harmony_previous_input_messages(request)
        give_call_ids(conversation, calls_in_chat_messages(request))
    else:
        stored = self.msg_store[prev_response.id]
        model_identity_seen = _model_identity(stored) is not None
        conversation = stored_conversation(stored, prev_response.output)
    messages += conversation
    known_calls: list[Any] = list(calls_answered_by(request.input, conversation))
    if prev_response is not None:
        known_calls += prev_response.output

    # Responses API supports simple text inputs without chat format.
    if isinstance(request.input, str):
        # previous_input_messages may be the whole conversation.
        if request.input or not request.previous_input_messages:
            messages.append(serving.get_user_message(request.input))
    else:
        for item in request.input:
            if not model_identity_seen and _system_text(item) is not None:
                model_identity_seen = True
                continue
            messages += messages_of(item, known_calls)
            if isinstance(item, ResponseFunctionToolCall):
                known_calls.append(item)

    first.prompt_length = len(messages)
    return messages


def extract_system_message_from_request(
    self: Any, request: ResponsesRequest
) -> str | None:
    """The conversation's first system item, which becomes the model's identity.

    A replayed request has it in its input; a chained one may have it in the input
    of an earlier request.
    """
    if request.previous_response_id is not None:
        earlier = _model_identity(self.msg_store[request.previous_response_id])
        if earlier is not None:
            return earlier
    if isinstance(request.input, str):
        return None
    texts = (_system_text(item) for item in request.input)
    return next((text for text in texts if text is not None), None)


def _system_text(item: ResponseInputOutputItem) -> str | None:
    """The text of a system item; None if it has no text, or is another item."""
    if not isinstance(item, dict) or item.get("role") != "system":
        return None
    content: Any = item.get("content")
    if isinstance(content, str):
        return content
    texts = [part["text"] for part in content if part.get("type") == "input_text"]
    return "".join(texts) if texts else None


def _model_identity(stored: list[Message]) -> str | None:
    first = stored[0]
    return first.model_identity if isinstance(first, FirstMessageWithIdentity) else None
