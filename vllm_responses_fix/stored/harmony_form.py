"""The Harmony messages that a response added, as JSON and back.

vLLM keeps the messages of a request followed by what the model and its tools said. The
kit marks them by their types (`patches.harmony.reconstruction.history`): what was made
from the request's own parameters, and which calls have which ids. A record has what a
response added to the messages of its parent's record, and nothing that was made from
parameters.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from openai.types.responses import ResponseFunctionToolCall
from openai_harmony import Message, Role
from vllm.entrypoints.openai.responses.serving import OpenAIServingResponses

from ..patches.harmony.reconstruction import PATCH
from ..patches.harmony.reconstruction.continued import FirstMessageWithOpening
from ..patches.harmony.reconstruction.history import (
    FirstMessage,
    FunctionCallMessage,
    RequestMessage,
    give_call_ids,
    stored_conversation,
)
from ..patches.harmony.reconstruction.system_message import FirstMessageWithIdentity
from ..places import locate
from .known import Known

# What a conversation begins with, and is kept apart from its messages. Up to 0.22 it is
# the model's identity. From 0.23 on it is an item, and where that belongs.
_BEGINNING = (
    ("model_identity",)
    if hasattr(OpenAIServingResponses, "_extract_system_message_from_request")
    else ("opening", "opening_index")
)
# What continues a conversation: since 0.30, and before.
_BUILDERS = ("render_responses_with_harmony", "construct_input_messages_with_harmony")
_FIRST: type[FirstMessage] = (
    FirstMessageWithIdentity
    if _BEGINNING == ("model_identity",)
    else FirstMessageWithOpening
)


def marks_are_read() -> bool:
    """Whether what continues a conversation here knows the marks.

    It does not where `harmony-reconstruction` is switched off or refused, as it may be
    after an upgrade of vLLM, with records that were made before.
    """
    for place in _BUILDERS:
        try:
            holder, attribute = locate(place)
        except (ImportError, AttributeError, KeyError):
            continue
        builder: str = vars(holder)[attribute].__module__
        return builder.startswith(PATCH.package)
    return False


def added_messages(made: Known, parent: Known | None) -> dict[str, Any] | None:
    """What a response added to the Harmony messages of its conversation.

    Returns:
        None if they are not marked: then the items are all that is stored.
    """
    messages = made.messages
    if not messages or not isinstance(messages[0], _FIRST):
        return None
    first = messages[0]
    if parent is not None and not isinstance(_first_of(parent), _FIRST):
        return None
    said = messages[first.prompt_length :] if made.response.output else []
    give_call_ids(
        said,
        [
            item
            for item in made.response.output
            if isinstance(item, ResponseFunctionToolCall)
        ],
    )
    before = 0 if parent is None else _length(parent)
    added: dict[str, Any] = {
        "prompt": _dicts(list(_conversation(messages))[before:]),
        "said": _dicts(said),
    }
    beginning = _beginning(first)
    if beginning and (parent is None or not _beginning(_first_of(parent))):
        added["beginning"] = beginning
    return added


def messages_from(
    chain: Sequence[dict[str, Any]], before: Known | None = None
) -> list[Message] | None:
    """The list that vLLM would have of the last response of a conversation.

    Args:
        chain: what the responses added, the first one first.
        before: the response that they continue, if they are not all.

    Returns:
        None if they were written by a release of vLLM that takes the beginning of a
        conversation in another way, if nobody here would know what they are, or if the
        one before is not marked.
    """
    if not marks_are_read():
        return None
    beginning: dict[str, Any] = dict.fromkeys(_BEGINNING)
    conversation: list[Message] = []
    if before is not None:
        first = _first_of(before)
        if not isinstance(first, _FIRST):
            return None
        beginning = {name: getattr(first, name) for name in _BEGINNING}
        conversation = stored_conversation(
            before.messages or [], before.response.output
        )
    said: list[dict[str, Any]] = []
    for added in chain:
        conversation += map(_message, said)
        conversation += map(_message, added["prompt"])
        said = added["said"]
        if "beginning" in added:
            beginning = added["beginning"]
            if beginning.keys() != set(_BEGINNING):
                return None
    if beginning.get("opening_index", 0) is None:
        beginning["opening_index"] = 0
    # Each request has a system message of its own: of this one, nothing is used.
    system = Message.from_role_and_content(Role.SYSTEM, "")
    first = _FIRST.model_construct(
        **vars(system), **beginning, prompt_length=1 + len(conversation)
    )
    # The calls of the last answer get their ids from its items.
    return [first, *conversation, *map(Message.from_dict, said)]


def _first_of(known: Known) -> Any:
    return known.messages[0] if known.messages else None


def _beginning(first: FirstMessage) -> dict[str, Any] | None:
    beginning = {name: getattr(first, name) for name in _BEGINNING}
    return beginning if beginning[_BEGINNING[0]] is not None else None


def _conversation(messages: list[Message]) -> Iterator[Message]:
    """The messages before the answer, without what is of the request alone."""
    first = messages[0]
    assert isinstance(first, FirstMessage)
    for message in messages[1 : first.prompt_length]:
        if type(message) is not RequestMessage:
            yield message


def _length(known: Known) -> int:
    """How many messages a conversation has for the response that continues it."""
    messages = known.messages or []
    answer = messages[messages[0].prompt_length :] if known.response.output else []
    return sum(1 for _ in _conversation(messages)) + len(answer)


def _dicts(messages: list[Message]) -> list[dict[str, Any]]:
    return [
        {**message.to_dict(), "call_id": message.call_id}
        if isinstance(message, FunctionCallMessage)
        else message.to_dict()
        for message in messages
    ]


def _message(fields: dict[str, Any]) -> Message:
    message = Message.from_dict(fields)
    if "call_id" not in fields:
        return message
    return FunctionCallMessage.model_construct(
        **vars(message), call_id=fields["call_id"]
    )
