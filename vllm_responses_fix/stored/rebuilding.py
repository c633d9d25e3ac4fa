"""From records to what vLLM keeps of a conversation."""

from collections.abc import Sequence
from typing import Any

from vllm.entrypoints.openai.responses import utils
from vllm.entrypoints.openai.responses.protocol import (
    ResponsesRequest,
    ResponsesResponse,
)

from .body import Added, items_before_answer
from .known import Known

# What `enable_response_messages` asks for.
_MESSAGES = ("input_messages", "output_messages")
# What stock vLLM has of the first request of a gpt-oss conversation in all later ones.
_OF_THE_FIRST = ("instructions", "reasoning", "tools")


class UnrenderableError(ValueError):
    """The model of this server has no form for an item of the conversation."""


def chat_conversation(chain: Sequence[Added]) -> Known:
    """The last response of a conversation, with the chat messages before it.

    They are what a request would have that replays the conversation: the fold is the
    same.

    Raises:
        UnrenderableError: there is an item that the chat template path refuses.
    """
    request = _request_of(list(items_before_answer(chain)))
    try:
        messages = utils.construct_input_messages(request_input=request.input)
    except ValueError as error:
        raise UnrenderableError(str(error)) from error
    return Known(response_of(chain[-1]), messages)


def harmony_conversation(chain: Sequence[Added]) -> Known | None:
    """The last response of a conversation, with the Harmony messages before it.

    Returns:
        None if a response was not made by this kind of model.
    """
    from .harmony_form import messages_from

    added = [entry.harmony for entry in chain if entry.harmony is not None]
    messages = messages_from(added) if len(added) == len(chain) else None
    return None if messages is None else Known(response_of(chain[-1]), messages)


async def harmony_conversation_from_items(
    serving: Any, chain: Sequence[Added]
) -> Known:
    """As `harmony_conversation`, of items alone, as a request has that replays them.

    The messages have the answer, too, which vLLM takes from them and not from the items
    of the response. Where it is vLLM that continues them, they begin as the first
    request did: it adds no instructions or tools.

    Raises:
        UnrenderableError: there is an item without a Harmony form.
    """
    from .harmony_form import marks_are_read

    items = [*items_before_answer(chain), *chain[-1].response["output"]]
    first = chain[0].response
    fields = {} if marks_are_read() else {n: first.get(n) for n in _OF_THE_FIRST}
    request = _request_of(items, **fields)
    try:
        if hasattr(serving, "_render_resolved_response_inputs"):
            rendered = await serving._render_resolved_response_inputs(request, None)
            messages = getattr(rendered, "messages", None)
            if messages is None:
                raise UnrenderableError(rendered.error.message)
        else:
            messages = serving._construct_input_messages_with_harmony(request, None)
    except ValueError as error:
        raise UnrenderableError(str(error)) from error
    return Known(response_of(chain[-1]), messages)


def response_of(added: Added) -> ResponsesResponse:
    """The response, in vLLM's form."""
    fields = dict(added.response)
    # Harmony messages, as they were sent. vLLM writes them, but can't read them.
    messages = {name: fields.pop(name, None) for name in _MESSAGES}
    response = ResponsesResponse.model_validate(fields)
    for name, value in messages.items():
        setattr(response, name, value)
    return response


def input_messages_of(known: Known | None) -> Any:
    """The prompt that a response was sent with, as JSON; None without one."""
    if known is None or known.response.input_messages is None:
        return None
    only = {"input_messages"}
    fields = known.response.model_dump(mode="json", by_alias=True, include=only)
    return fields["input_messages"]


def _request_of(items: list[Any], **fields: Any) -> ResponsesRequest:
    """A request that replays them: it gives them the types that vLLM works with."""
    body = {"input": items, "store": False}
    body |= {name: value for name, value in fields.items() if value is not None}
    return ResponsesRequest.model_validate(body)
