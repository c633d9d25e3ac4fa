"""A response that is being made, and the record of it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from ..store.protocol import Key
from ..store.record import Record
from .body import Added, encode
from .known import Known
from .prompt_form import added_to
from .rebuilding import input_messages_of


@dataclass(eq=False)
class Turn:
    """A response that is being made.

    Attributes:
        request: vLLM's `ResponsesRequest`.
        owner: whose it is.
        input: `input` of the request, as JSON.
        parent: the response that it continues.
        made: what there is of it.
        queued: whether there is a record of it.
        saved: whether its record is final.
        told: set when clients may be told that it has ended.
        digest: of the body of the request, if the client chose the id; see `retries`.
        clashed: whether the store says otherwise: it has another response with its id,
            or another process has cancelled or deleted this one.
        putting: held while it is put into the store.
    """

    request: Any
    owner: str
    input: Any
    parent: Known | None = None
    made: Known = field(default_factory=Known)
    queued: bool = False
    saved: bool = False
    told: asyncio.Event = field(default_factory=asyncio.Event)
    digest: str | None = None
    clashed: bool = False
    putting: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def key(self) -> Key:
        return (self.owner, self.request.request_id)


def record_of(turn: Turn, is_harmony: bool) -> Record:
    """What is stored of a response, as far as it is made."""
    response = turn.made.response
    fields = response.model_dump(mode="json", by_alias=True)
    harmony = prompt = None
    if is_harmony:
        from .harmony_form import added_messages

        harmony = added_messages(turn.made, turn.parent)
    if fields["input_messages"] is not None:
        before = input_messages_of(turn.parent)
        prompt = added_to(before, fields["input_messages"])
        fields["input_messages"] = None
    return Record(
        id=response.id,
        owner=turn.owner,
        parent=turn.request.previous_response_id,
        status=response.status,
        body=encode(Added(turn.input, fields, harmony, prompt, turn.digest)),
    )
