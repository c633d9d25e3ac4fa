"""A conversation held by id, each of its turns replayed as well."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .prompts import By, Difference, Prompt, difference, prompt_of
from .server import CannotTell, Item, Reply, Server

# What an answer may take that the conversation goes on from: enough for a reasoning
# model to get to its call.
CONTINUED_TOKENS = 512
# Only the prompt of the request is of interest. OpenAI's own API takes no less.
LAST_TOKENS = 16

SEVERAL_PROCESSES = (
    "Several processes answer at this address (--api-server-count, data parallel, "
    "replicas), and each knows only the responses that it made itself: let one process "
    "have all requests of a conversation, or give them a store that they share. With "
    "the kit, VLLM_RESPONSES_FIX_STORE=auto is one for the processes of a server, and "
    "the URL of a Redis or PostgreSQL server is one for replicas."
)


class RefusedError(Exception):
    """The server answers a request with an error, by id and replayed alike."""


class PartedError(Exception):
    """The prompts of a turn differ.

    Attributes:
        turn: its number, from 1.
        difference: where they part.
        by: what they were compared by, if the server answered both requests.
    """

    def __init__(self, turn: int, difference: Difference, by: By | None = None) -> None:
        super().__init__(turn, difference)
        self.turn = turn
        self.difference = difference
        self.by = by


@dataclass(frozen=True)
class Turn:
    """The two prompts of a turn, or None in the place of one that was refused."""

    number: int
    chained: Prompt | None
    replayed: Prompt | None

    @property
    def is_equal(self) -> bool:
        return self.chained is not None and self.chained == self.replayed


@dataclass
class Tally:
    """The turns of a check, and what those that could be were compared by."""

    by: set[By] = field(default_factory=set)
    turns: list[Turn] = field(default_factory=list)

    @property
    def equal(self) -> int:
        """How many turns were equal."""
        return sum(turn.is_equal for turn in self.turns)


@dataclass(frozen=True)
class Conversation:
    """A conversation as its client knows it. Branches share what they have in common.

    Attributes:
        server: where it is held.
        params: what its requests have in common.
        tally: where turns are counted.
        items: inputs and outputs so far, as they were on the wire.
        reply: the last answer.
        length: how many turns it has.
    """

    server: Server
    params: dict[str, Any]
    tally: Tally
    items: tuple[Item, ...] = ()
    reply: Reply | None = None
    length: int = 0

    @property
    def calls(self) -> list[Item]:
        """The function calls of the last answer."""
        return self.reply.calls if self.reply else []

    def say(
        self, new_input: Sequence[Item], *, last: bool = False, **params: Any
    ) -> "Conversation":
        """Make a turn: by id and, if it is not the first, replayed.

        Args:
            last: what is answered is of no interest.
            params: of this turn's requests alone.

        Returns:
            The conversation with the turn, as it was answered by id.

        Raises:
            PartedError: the two prompts differ.
            RefusedError: there is none, because the server answers with an error.
            CannotTell: the server can't be reached, or has forgotten the response.
        """
        body = {
            **self.params,
            **params,
            "enable_response_messages": True,
            "max_output_tokens": LAST_TOKENS if last else CONTINUED_TOKENS,
        }
        replay = {**body, "input": [*self.items, *new_input]}
        if self.reply is None:
            reply = self.server.create(replay)
            if reply.error:
                raise RefusedError(reply.error)
        else:
            reply = self.server.create(
                {
                    **body,
                    "input": list(new_input),
                    "previous_response_id": self.reply.id,
                }
            )
            replayed = self.server.create(
                {**replay, "store": False, "max_output_tokens": LAST_TOKENS}
            )
            self._compare(reply, replayed)
        return replace(
            self,
            items=(*self.items, *new_input, *reply.output),
            reply=reply,
            length=self.length + 1,
        )

    def _compare(self, chained: Reply, replayed: Reply) -> None:
        if chained.is_lost:
            raise CannotTell(
                f"The server has lost a response that it had stored ({chained.error}). "
                f"{SEVERAL_PROCESSES}"
            )
        if chained.error and replayed.error:
            raise RefusedError(replayed.error)
        if chained.error or replayed.error:
            refused = Difference(
                "the answer",
                "",
                f"refused: {chained.error}" if chained.error else "answered",
                f"refused: {replayed.error}" if replayed.error else "answered",
            )
            self.tally.turns.append(Turn(self.length + 1, None, None))
            raise PartedError(self.length + 1, refused)
        prompts = _prompt(chained), _prompt(replayed)
        self.tally.turns.append(Turn(self.length + 1, *prompts))
        if prompts[0] != prompts[1]:
            raise PartedError(self.length + 1, difference(*prompts), prompts[0].by)
        self.tally.by.add(prompts[0].by)


def _prompt(reply: Reply) -> Prompt:
    prompt = prompt_of(reply.response)
    if prompt is None:
        raise CannotTell(
            "The server's responses say nothing about their prompts, not even "
            "usage.input_tokens: pass the address of vLLM itself, not of a proxy."
        )
    return prompt
