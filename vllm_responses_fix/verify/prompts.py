"""What the server put before the model, and where two prompts part."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

By = Literal["token ids", "messages", "usage.input_tokens"]

# How much of two prompts is shown, before and after the place where they part.
_BEFORE = 60
_AFTER = 120


@dataclass(frozen=True)
class Prompt:
    """What a response says of its own prompt.

    Attributes:
        by: how it can be compared with another.
        content: the token ids; the Harmony messages; or nothing, if the server gives
            only the size of the prompt.
        text: the prompt's text, beside token ids.
        tokens: the size of the prompt, if the server says so.
    """

    by: By
    content: Sequence[Any]
    text: str
    tokens: int | None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prompt):
            return NotImplemented
        # Messages may be equal and their rendering not: so the size as well.
        ours = (self.by, self.content, self.tokens)
        return ours == (other.by, other.content, other.tokens)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Difference:
    """The first place where the prompts of a chained and a replayed turn part.

    Attributes:
        where: the place.
        before: what precedes it in both.
        chained, replayed: what follows.
    """

    where: str
    before: str
    chained: str
    replayed: str

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


def prompt_of(response: Mapping[str, Any]) -> Prompt | None:
    """The prompt of a response made with `enable_response_messages`.

    Returns:
        None if the response says nothing about it.

    Source: `ResponsesResponse.input_messages` of vLLM.
    """
    size = (response.get("usage") or {}).get("input_tokens")
    messages = response.get("input_messages")
    if not messages:
        return None if size is None else Prompt("usage.input_tokens", (), "", size)
    if any("tokens" not in message for message in messages):
        return Prompt("messages", [_readable(m) for m in messages], "", size)
    token_ids = [token for message in messages for token in message["tokens"]]
    text = "".join(message.get("message") or "" for message in messages)
    return Prompt("token ids", token_ids, text, len(token_ids))


def difference(chained: Prompt, replayed: Prompt) -> Difference:
    """Where two prompts that are not equal part."""
    if chained.by != replayed.by:
        return Difference(
            "the server showed one prompt and not the other",
            "",
            f"compared by {chained.by}",
            f"compared by {replayed.by}",
        )
    if chained.by == "messages" and chained.content != replayed.content:
        place = parting(chained.content, replayed.content)
        before = chained.content[place - 1] if place else ""
        return Difference(
            f"message {place + 1}",
            _end(before),
            _start(_message_at(chained, place)),
            _start(_message_at(replayed, place)),
        )
    if chained.by == "token ids" and chained.text != replayed.text:
        place = word_start(chained.text, parting(chained.text, replayed.text))
        return Difference(
            f"token {parting(chained.content, replayed.content) + 1}",
            _end(chained.text[:place]),
            _start(chained.text[place:]),
            _start(replayed.text[place:]),
        )
    if chained.by == "token ids":
        place = parting(chained.content, replayed.content)
        return Difference(
            f"token {place + 1}",
            _ids(chained.content[max(0, place - 5) : place]),
            _ids(chained.content[place : place + 10]),
            _ids(replayed.content[place : place + 10]),
        )
    return Difference(
        "the number of tokens",
        "",
        f"{chained.tokens} tokens",
        f"{replayed.tokens} tokens",
    )


def _readable(message: Mapping[str, Any]) -> str:
    """A Harmony message on one line: all that it has, its content last."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    head = [str(message.get("role"))]
    head += [
        f"{key}={value}"
        for key, value in sorted(message.items())
        if key not in ("role", "content") and value is not None
    ]
    texts = [
        part["text"]
        if isinstance(part, dict) and set(part) <= {"type", "text"} and "text" in part
        else part
        if isinstance(part, str)
        else json.dumps(part, ensure_ascii=False, sort_keys=True)
        for part in parts
    ]
    return f"{' '.join(head)}: {''.join(texts)}"


def parting(one: Sequence[Any], other: Sequence[Any]) -> int:
    """The first index at which two sequences differ."""
    pairs = enumerate(zip(one, other, strict=False))
    shorter = min(len(one), len(other))
    return next((index for index, (a, b) in pairs if a != b), shorter)


def word_start(text: str, place: int) -> int:
    """Where the word begins that `place` is in, for it to be read as a whole."""
    word = re.search(r"\S{0,40}\Z", text[:place])
    return word.start() if word else place


def _message_at(prompt: Prompt, place: int) -> str:
    return prompt.content[place] if place < len(prompt.content) else ""


def _start(text: str) -> str:
    shown = text if len(text) <= _AFTER else f"{text[:_AFTER]} ..."
    return _one_line(shown) or "(the end)"


def _end(text: str) -> str:
    return _one_line(text if len(text) <= _BEFORE else f"... {text[-_BEFORE:]}")


def _one_line(text: str) -> str:
    """`text` with its control characters written out, as they may be a terminal's."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _ids(token_ids: Sequence[int]) -> str:
    return " ".join(map(str, token_ids)) or "(the end)"
