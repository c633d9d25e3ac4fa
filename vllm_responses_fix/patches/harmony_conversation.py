"""The conversation so far and the new input become one list of Harmony messages.

As on the chat template path: replay sends every item of a conversation as `input`, a
chained request names the part that the server has, and both go through the same fold.
"""

from collections.abc import Collection, Iterator
from typing import Any

from openai.types.responses import ResponseFunctionToolCall, ResponseOutputItem
from openai_harmony import Author, Message, Role, TextContent
from vllm.entrypoints.openai.responses import serving
from vllm.entrypoints.openai.responses.protocol import (
    ResponseInputOutputItem,
    ResponsesRequest,
    ResponsesResponse,
)

from .reconstruction import mcp_call_outcome

_FUNCTIONS = "functions."


class RequestMessage(Message):
    """The system or developer message made from a request's own parameters.

    Instructions, tools and reasoning effort are the current request's alone, while a
    developer item of its input stays in the conversation. The type tells them apart,
    as it survives the copies that later releases make of the stored list.

    Attributes:
        model_identity: on the system message, the conversation's first system item,
            which vLLM takes for the model's identity.
        prompt_length: on the system message, how many messages the model was given.
            What follows in a stored list is what the model and its tools said.
    """

    model_identity: str | None = None
    prompt_length: int | None = None


class FunctionCallMessage(Message):
    """A function call of the conversation, with the id that its result will name."""

    call_id: str


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
    sys_msg = _request_message(
        self._construct_harmony_system_input_message(
            request, with_custom_tools, tool_types
        ),
        model_identity=model_identity,
    )
    messages: list[Message] = [sys_msg]
    if with_custom_tools or request.instructions:
        tools: Any = request.tools if with_custom_tools else None
        dev_msg = serving.get_developer_message(
            instructions=request.instructions, tools=tools
        )
        messages.append(_request_message(dev_msg))

    model_identity_seen = False
    if prev_response is None:
        conversation = serving.construct_harmony_previous_input_messages(request)
        _give_call_ids(conversation, _calls_in_chat_messages(request))
    else:
        stored = self.msg_store[prev_response.id]
        model_identity_seen = _model_identity(stored) is not None
        conversation = _conversation(stored, prev_response.output)
    messages += conversation
    known_calls: list[Any] = list(_calls_answered_by(request.input, conversation))
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
            messages += _messages_of(item, known_calls)
            if isinstance(item, ResponseFunctionToolCall):
                known_calls.append(item)

    sys_msg.prompt_length = len(messages)
    return messages


def extract_system_message_from_request(
    self: Any, request: ResponsesRequest
) -> str | None:
    """The conversation's first system item, which becomes the model's identity.

    A replayed request has it in its input; a chained one may have it in the input of
    an earlier request.
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


def _request_message(message: Message, **marks: Any) -> RequestMessage:
    return RequestMessage.model_construct(**vars(message), **marks)


def _model_identity(stored: list[Message]) -> str | None:
    first = stored[0]
    return first.model_identity if isinstance(first, RequestMessage) else None


def _conversation(
    stored: list[Message], output: list[ResponseOutputItem]
) -> list[Message]:
    """A stored conversation without what was made from its last request's parameters.

    Args:
        stored: the messages of a request, followed by the model's and its tools'.
        output: the output items of the response.

    Returns:
        A new list, in which the calls have the ids of the output items.
    """
    first = stored[0]
    prompt_length = first.prompt_length if isinstance(first, RequestMessage) else None
    start = sum(isinstance(message, RequestMessage) for message in stored[:2])
    if not output:
        # Nothing was said, or it was taken back (cancelled).
        return stored[start:prompt_length]

    conversation = stored[start:]
    said = conversation[(prompt_length or start) - start :]
    calls = [item for item in output if isinstance(item, ResponseFunctionToolCall)]
    _give_call_ids(said, calls)
    conversation[len(conversation) - len(said) :] = said
    return conversation


def _give_call_ids(
    messages: list[Message], calls: list[ResponseFunctionToolCall]
) -> None:
    """Replace the messages of calls, in their order, by ones that have their ids."""
    start = 0
    for call in calls:
        for index in range(start, len(messages)):
            if _is_call(messages[index], call):
                messages[index] = _call_message(messages[index], call)
                start = index + 1
                break


def _calls_in_chat_messages(
    request: ResponsesRequest,
) -> list[ResponseFunctionToolCall]:
    """The calls of `previous_input_messages` in the form of chat messages."""
    return [
        ResponseFunctionToolCall(
            call_id=call["id"],
            name=call["function"]["name"],
            arguments=call["function"].get("arguments") or "",
            type="function_call",
        )
        for message in request.previous_input_messages or ()
        if isinstance(message, dict)
        for call in message.get("tool_calls") or ()
        if call.get("id")
    ]


def _is_call(message: Message, call: ResponseFunctionToolCall) -> bool:
    recipient = message.recipient or ""
    return (
        recipient.startswith(_FUNCTIONS)
        and recipient.endswith(call.name)
        and message.content[0].text == call.arguments
    )


def _call_message(
    message: Message, call: ResponseFunctionToolCall
) -> FunctionCallMessage:
    return FunctionCallMessage.model_construct(**vars(message), call_id=call.call_id)


def _calls_answered_by(
    request_input: str | list[ResponseInputOutputItem], conversation: list[Message]
) -> Iterator[ResponseFunctionToolCall]:
    """The calls of a conversation whose results are in a request's input."""
    answered = _answered_call_ids(request_input)
    if not answered:
        return
    for message in conversation:
        # isinstance() of a pydantic class is what would take most of a turn's time.
        if type(message) is FunctionCallMessage and message.call_id in answered:
            yield ResponseFunctionToolCall(
                call_id=message.call_id,
                name=(message.recipient or "").removeprefix(_FUNCTIONS),
                arguments=message.content[0].text,
                type="function_call",
            )


def _answered_call_ids(
    request_input: str | list[ResponseInputOutputItem],
) -> Collection[str]:
    if isinstance(request_input, str):
        return ()
    items: Iterator[Any] = (
        item if isinstance(item, dict) else vars(item) for item in request_input
    )
    return {
        item["call_id"] for item in items if item.get("type") == "function_call_output"
    }


def _messages_of(
    item: ResponseInputOutputItem, known_calls: list[ResponseOutputItem]
) -> Iterator[Message]:
    message = serving.response_input_to_harmony(item, known_calls)
    if message is None:
        return
    if message.author.role == Role.SYSTEM and not any(
        content.text for content in message.content
    ):
        return
    if isinstance(item, ResponseFunctionToolCall):
        yield _call_message(message, item)
        return
    yield message

    # A call that a server ran, with what came of it, is one item.
    fields: Any = item if isinstance(item, dict) else item.model_dump()
    if fields.get("type") != "mcp_call":
        return
    outcome = mcp_call_outcome(fields)
    if outcome is not None:
        yield Message(
            author=Author(role=Role.TOOL, name=message.recipient),
            content=[TextContent(text=outcome)],
            channel=message.channel,
            recipient=Role.ASSISTANT,
        )
