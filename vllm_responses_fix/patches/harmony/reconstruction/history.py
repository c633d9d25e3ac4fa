"""What a Harmony conversation is stored as, and what a later request takes from it."""

from collections.abc import Collection, Iterator
from typing import Any

from openai.types.responses import ResponseFunctionToolCall, ResponseOutputItem
from openai_harmony import Author, Message, Role, TextContent
from vllm.entrypoints.openai.responses import harmony
from vllm.entrypoints.openai.responses.protocol import (
    ResponseInputOutputItem,
    ResponsesRequest,
)

from ...chat.reconstruction.separate_messages import mcp_call_outcome

_FUNCTIONS = "functions."


class RequestMessage(Message):
    """A message made from a request's own parameters.

    Instructions, tools and reasoning effort are the current request's alone, while a
    developer item of its input stays in the conversation. The type tells them apart,
    as it survives the copies that are made of a stored list.
    """


class FirstMessage(RequestMessage):
    """The system message, with which every prompt begins.

    Attributes:
        prompt_length: how many messages the model was given. What follows in a stored
            list is what the model and its tools said.
    """

    prompt_length: int


class FunctionCallMessage(Message):
    """A function call of the conversation, with the id that its result will name."""

    call_id: str


def request_message(message: Message) -> RequestMessage:
    return RequestMessage.model_construct(**vars(message))


def stored_conversation(
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
    # What other code has stored is not marked.
    start = first.prompt_length if isinstance(first, FirstMessage) else 0
    prompt, said = stored[:start], stored[start:]
    # isinstance() of a pydantic class is what would take most of a turn's time.
    conversation = [
        message for message in prompt[1:] if type(message) is not RequestMessage
    ]
    if output or not prompt:
        calls = [item for item in output if isinstance(item, ResponseFunctionToolCall)]
        give_call_ids(said, calls)
        conversation += said
    # Else nothing was said, or it was taken back (cancelled).
    return conversation


def give_call_ids(
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


def calls_in_chat_messages(
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
    # An item may have only the end of a name; the model may leave the namespace out.
    recipient = message.recipient or ""
    return (
        recipient == call.name
        or (recipient.startswith(_FUNCTIONS) and recipient.endswith(call.name))
    ) and message.content[0].text == call.arguments


def _call_message(
    message: Message, call: ResponseFunctionToolCall
) -> FunctionCallMessage:
    return FunctionCallMessage.model_construct(**vars(message), call_id=call.call_id)


def calls_answered_by(
    request_input: str | list[ResponseInputOutputItem], conversation: list[Message]
) -> Iterator[ResponseFunctionToolCall]:
    """The calls of a conversation whose results are in a request's input."""
    answered = _answered_call_ids(request_input)
    if not answered:
        return
    for message in conversation:
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


def messages_of(
    item: ResponseInputOutputItem, known_calls: list[ResponseOutputItem]
) -> Iterator[Message]:
    message = harmony.response_input_to_harmony(item, known_calls)
    if message is None:
        return
    if message.author.role == Role.SYSTEM and all(
        isinstance(content, TextContent) and not content.text
        for content in message.content
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
