"""The form of a record's body."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

FORMAT = 1
"""Number of the form that is written. Older ones are read."""


class UnknownFormatError(ValueError):
    """A record was written by a newer kit."""


@dataclass(frozen=True)
class Added:
    """What a response added to its conversation, as JSON values.

    Attributes:
        input: `input` of its request, as the client sent it.
        response: the response, as the client got it.
        harmony: what `harmony_form` makes of its Harmony messages; None from another
            model.
    """

    input: Any
    response: dict[str, Any]
    harmony: dict[str, Any] | None = None

    @property
    def items(self) -> list[Any]:
        """The input as a list of items."""
        if isinstance(self.input, str):
            return [{"role": "user", "content": self.input}]
        return list(self.input)


def encode(added: Added) -> bytes:
    """The body of a record."""
    text = json.dumps(
        {
            "format": FORMAT,
            "input": added.input,
            "response": added.response,
            "harmony": added.harmony,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    # JSON may have halves of surrogate pairs, which json.loads() takes back.
    return text.encode("utf-8", "surrogatepass")


def decode(body: bytes) -> Added:
    """What `encode` was given.

    Raises:
        UnknownFormatError: a newer kit wrote it.
    """
    fields = json.loads(body)
    if fields["format"] > FORMAT:
        raise UnknownFormatError(
            f"The stored response has format {fields['format']}, and this release of "
            f"vllm-responses-fix reads formats up to {FORMAT}: upgrade it on this "
            "server."
        )
    return Added(fields["input"], fields["response"], fields["harmony"])


def items_before_answer(chain: Iterable[Added]) -> Iterator[Any]:
    """The items of a conversation, but for the output of its last response."""
    output: list[Any] = []
    for added in chain:
        yield from output
        yield from added.items
        output = added.response["output"]
