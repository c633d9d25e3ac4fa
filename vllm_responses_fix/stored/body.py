"""The form of a record's body."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from .prompt_form import whole

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
        prompt: what `prompt_form` makes of `input_messages` of the response, which
            then has none; None if the client has not asked for them.
        request: what `retries.digest` makes of its request, if the client chose the
            id.
    """

    input: Any
    response: dict[str, Any]
    harmony: dict[str, Any] | None = None
    prompt: dict[str, Any] | None = None
    request: str | None = None

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
            "prompt": added.prompt,
            "request": added.request,
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
    return Added(
        fields["input"],
        fields["response"],
        fields["harmony"],
        # Not there in what earlier kits wrote.
        fields.get("prompt"),
        fields.get("request"),
    )


def decode_chain(bodies: Iterable[bytes], prompt: Any = None) -> list[Added]:
    """What the responses of a conversation added; the last one is whole.

    Args:
        bodies: of all records, or of those after the first ones.
        prompt: `input_messages` of the response before them, as JSON.

    Raises:
        UnknownFormatError: a newer kit wrote one of them.
    """
    chain = [decode(body) for body in bodies]
    if chain[-1].prompt is None:
        return chain
    for added in chain:
        prompt = None if added.prompt is None else whole(prompt, added.prompt)
    response = {**chain[-1].response, "input_messages": prompt}
    return [*chain[:-1], replace(chain[-1], response=response, prompt=None)]


def items_before_answer(chain: Iterable[Added]) -> Iterator[Any]:
    """The items of a conversation, but for the output of its last response."""
    output: list[Any] = []
    for added in chain:
        yield from output
        yield from added.items
        output = added.response["output"]
