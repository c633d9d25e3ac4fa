"""Hypothesis strategies for Responses items as they are on the wire.

Every text is unique within a conversation, so that a test can ask whether it reached
the prompt.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from hypothesis import strategies as st

Item = dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """A request and the output items that answered it."""

    instructions: str | None
    input: str | list[Item]
    output: list[Item]

    @property
    def input_items(self) -> list[Item]:
        if isinstance(self.input, str):
            return [{"role": "user", "content": self.input}]
        return self.input


class _Texts:
    """Draws texts that do not occur twice."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._numbers = count()
        # Drawn once: text is what takes Hypothesis longest.
        self._noise = draw(st.text(st.characters(codec="utf-8"), max_size=8))

    def __call__(self, what: str) -> str:
        return f"<{what} {next(self._numbers)}>{self._noise}"

    def parts(self, kind: str, what: str, most: int = 3) -> list[Item]:
        size = self._draw(st.integers(0, most))
        return [{"type": kind, "text": self(what)} for _ in range(size)]


@st.composite
def conversations(draw: st.DrawFn, most_turns: int = 5) -> list[Turn]:
    """Conversations in which anything follows anything."""
    texts = _Texts(draw)
    turns = []
    for _ in range(draw(st.integers(1, most_turns))):
        instructions = texts("instructions") if draw(st.booleans()) else None
        new_input = (
            texts("user")
            if draw(st.booleans())
            else [_item(draw, texts, _INPUT_KINDS) for _ in range(_few(draw))]
        )
        output = [_item(draw, texts, _OUTPUT_KINDS) for _ in range(_few(draw))]
        turns.append(Turn(instructions, new_input, output))
    return turns


def _few(draw: st.DrawFn) -> int:
    return draw(st.integers(0, 4))


def _item(draw: st.DrawFn, texts: _Texts, kinds: dict[str, Any]) -> Item:
    return kinds[draw(st.sampled_from(sorted(kinds)))](draw, texts)


def _user(draw: st.DrawFn, texts: _Texts) -> Item:
    role = draw(st.sampled_from(["user", "system", "developer"]))
    item: Item = {"role": role, "content": texts(role)}
    if draw(st.booleans()):
        item["content"] = texts.parts("input_text", role)
    if draw(st.booleans()):
        item["type"] = "message"
    return item


def _easy_assistant(draw: st.DrawFn, texts: _Texts) -> Item:
    item: Item = {"role": "assistant", "content": texts("assistant")}
    if draw(st.booleans()):
        item["type"] = "message"
    return item


def _message(draw: st.DrawFn, texts: _Texts) -> Item:
    parts = [
        {"type": "refusal", "refusal": texts("refusal")}
        if draw(st.integers(0, 3)) == 0
        else {"type": "output_text", "text": texts("text"), "annotations": []}
        for _ in range(draw(st.integers(0, 3)))
    ]
    return {
        "type": "message",
        "role": "assistant",
        "id": texts("msg"),
        "status": "completed",
        "content": parts,
    }


def _reasoning(draw: st.DrawFn, texts: _Texts) -> Item:
    item: Item = {"type": "reasoning", "id": texts("rs"), "summary": []}
    if draw(st.booleans()):
        item["content"] = texts.parts("reasoning_text", "reasoning")
    elif draw(st.booleans()):
        item["summary"] = texts.parts("summary_text", "summary")
    return item


def _call(draw: st.DrawFn, texts: _Texts) -> Item:
    arguments = json.dumps({"q": texts("arguments")})
    if draw(st.integers(0, 4)) == 0:
        # Cut short by max_output_tokens.
        arguments = arguments[:-1]
    return {
        "type": "function_call",
        "id": texts("fc"),
        "call_id": texts("call"),
        "name": draw(st.sampled_from(["get_weather", "search"])),
        "arguments": arguments,
    }


def _call_output(draw: st.DrawFn, texts: _Texts) -> Item:
    output = (
        texts("result") if draw(st.booleans()) else texts.parts("input_text", "result")
    )
    return {
        "type": "function_call_output",
        "call_id": texts("call"),
        "output": output,
    }


def _mcp_call(draw: st.DrawFn, texts: _Texts) -> Item:
    item: Item = {
        "type": "mcp_call",
        "id": texts("mcp"),
        "name": "python",
        "server_label": "python",
        "arguments": json.dumps({"code": texts("code")}),
    }
    if draw(st.booleans()):
        item["output"] = texts("result")
    return item


_OUTPUT_KINDS = {
    "message": _message,
    "reasoning": _reasoning,
    "call": _call,
    "mcp_call": _mcp_call,
}
_INPUT_KINDS = {
    **_OUTPUT_KINDS,
    "user": _user,
    "easy_assistant": _easy_assistant,
    "call_output": _call_output,
}

_TEXT_FIELDS = ("text", "refusal", "content", "output", "arguments")


def texts_of(items: list[Item]) -> Iterator[str]:
    """Every text of some items that a model has to see."""
    for item in items:
        for name in _TEXT_FIELDS:
            value = item.get(name)
            if isinstance(value, str):
                yield value
            elif isinstance(value, list):
                yield from texts_of(value)
        if item.get("type") == "reasoning" and not item.get("content"):
            yield from texts_of(item["summary"])


WITHOUT_A_PLACE = [
    {
        "type": "web_search_call",
        "id": "ws_1",
        "status": "completed",
        "action": {"type": "search", "query": "q"},
    },
    {"type": "reasoning", "id": "rs_1", "summary": [], "content": "a string"},
]
"""Items that a request may have, and a chat template no place for."""
