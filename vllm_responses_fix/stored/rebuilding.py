"""From records to what vLLM keeps of a conversation."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import cache
from itertools import islice
from typing import Annotated, Any

from openai.types.responses import ResponseOutputItem
from pydantic import Field, TypeAdapter, ValidationError
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


@cache
def _output() -> TypeAdapter[list[Any]]:
    """What reads output items.

    An item says its type. pydantic would try each of them, which takes most of the time
    of rebuilding a conversation. To make this takes a fifth of what the kit adds to the
    start of a server.
    """
    item = Annotated[ResponseOutputItem, Field(discriminator="type")]
    return TypeAdapter(list[item])


class UnrenderableError(ValueError):
    """The model of this server has no form for an item of the conversation."""


def chat_conversation(chain: Sequence[Added], before: Known | None = None) -> Known:
    """The last response of a conversation, with the chat messages before it.

    They are what a request would have that replays the conversation: the fold is the
    same.

    Args:
        chain: what the responses added.
        before: the response that they continue, if that is known; else `chain` is the
            whole conversation.

    Raises:
        UnrenderableError: there is an item that the chat template path refuses.
    """
    try:
        messages = utils.construct_input_messages(
            request_input=list(_typed_items_before_answer(chain)),
            prev_msg=before and before.messages,
            prev_response_output=before and before.response.output,
        )
    except ValueError as error:
        raise UnrenderableError(str(error)) from error
    return Known(response_of(chain[-1]), messages)


def harmony_conversation(
    chain: Sequence[Added], before: Known | None = None
) -> Known | None:
    """The last response of a conversation, with the Harmony messages before it.

    Args:
        chain, before: see `chat_conversation`.

    Returns:
        None if a response was not made by this kind of model.
    """
    from .harmony_form import messages_from

    added = [entry.harmony for entry in chain if entry.harmony is not None]
    if len(added) != len(chain):
        return None
    messages = messages_from(added, before)
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
    try:
        response = ResponsesResponse.model_validate(fields)
    except ValidationError as error:
        fields["usage"] = _with_counts(fields["usage"], error)
        response = ResponsesResponse.model_validate(fields)
    for name, value in messages.items():
        setattr(response, name, value)
    return response


def _with_counts(usage: Any, error: ValidationError) -> Any:
    """`usage` of an earlier vLLM, with zero for what that has not counted.

    Later ones ask for more, such as `cache_write_tokens`.

    Raises:
        ValidationError: anything else is wrong.
    """
    counts = deepcopy(usage)
    for wrong in error.errors(include_url=False):
        where = wrong["loc"]
        if wrong["type"] != "missing" or where[:1] != ("usage",):
            raise error
        details = counts
        for name in where[1:-1]:
            details = details[name]
        details[where[-1]] = 0
    return counts


def input_messages_of(known: Known | None) -> Any:
    """The prompt that a response was sent with, as JSON; None without one."""
    if known is None or known.response.input_messages is None:
        return None
    only = {"input_messages"}
    fields = known.response.model_dump(mode="json", by_alias=True, include=only)
    return fields["input_messages"]


def _typed_items_before_answer(chain: Sequence[Added]) -> Iterator[Any]:
    """As `items_before_answer`, in the types that vLLM works with."""
    inputs = iter(_request_of([item for added in chain for item in added.items]).input)
    output: list[Any] = []
    for added in chain:
        yield from output
        yield from islice(inputs, len(added.items))
        output = _output().validate_python(added.response["output"])


def _request_of(items: list[Any], **fields: Any) -> ResponsesRequest:
    """A request that replays them: it gives them the types that vLLM works with."""
    body = {"input": items, "store": False}
    body |= {name: value for name, value in fields.items() if value is not None}
    return ResponsesRequest.model_validate(body)
