"""The Harmony path, for the conversation machine."""

import json
from typing import Any

from harness.answers import analysis, call, final, harmony_answer, preamble
from harness.client import Item
from harness.scripted_engine import Answer
from hypothesis import strategies as st


class HarmonyPath:
    """Reasoning, preambles, calls and final answers on their channels."""

    def answers(self, text: str, may_call: bool) -> st.SearchStrategy[Answer]:
        kinds = ["analysis", "preamble", "final", "empty"]
        if may_call:
            kinds += ["call", "call", "call without arguments"]
        return st.builds(
            _answer,
            st.just(text),
            st.lists(st.sampled_from(kinds), min_size=1, max_size=4),
            st.none() | st.floats(0, 1),
            st.just(()) | st.lists(st.integers(1, 9), min_size=1, max_size=3),
        )

    def client_history(self, text: str) -> st.SearchStrategy[list[Item]]:
        return st.lists(st.sampled_from(sorted(_HISTORY)), min_size=1, max_size=6).map(
            lambda chosen: [
                item
                for number, kind in enumerate(chosen)
                for item in _HISTORY[kind](f"{text}.{number}")
            ]
        )


def _answer(
    text: str, kinds: list[str], cut_at: float | None, delta_sizes: list[int]
) -> Answer:
    """An answer of several messages, perhaps cut short somewhere."""
    # An answer may also be cut in the middle of a character.
    written = [_WRITTEN[kind](f"{text}.{n} {kind} 🌦") for n, kind in enumerate(kinds)]
    whole = harmony_answer(*written, delta_sizes=delta_sizes)
    if cut_at is None:
        return whole
    # At least one token: a model that generates nothing is not what this is about.
    token_ids = whole.content[: max(1, int(cut_at * len(whole.content)))]
    return Answer(token_ids, truncated=True, delta_sizes=delta_sizes)


_WRITTEN: dict[str, Any] = {
    "analysis": analysis,
    "preamble": preamble,
    "final": final,
    "empty": lambda _text: final(""),
    "call": lambda text: call("search", {"q": text}),
    "call without arguments": lambda _text: call("get_weather", ""),
}


def _message(role: str, content: Any, **fields: Any) -> Item:
    return {"type": "message", "role": role, "content": content, **fields}


def _call(text: str, arguments: str) -> list[Item]:
    called = {
        "type": "function_call",
        "call_id": f"call {text}",
        "name": "search",
        "arguments": arguments,
    }
    returned = {
        "type": "function_call_output",
        "call_id": f"call {text}",
        "output": f"{text} result",
    }
    return [called, returned]


def _mcp_call(text: str) -> Item:
    return {
        "type": "mcp_call",
        "id": text,
        "server_label": "repo_browser",
        "name": "list",
        "arguments": json.dumps({"path": text}),
    }


def _text_parts(kind: str, text: str) -> list[Item]:
    return [{"type": kind, "text": f"{text} part {number}"} for number in (1, 2)]


_HISTORY: dict[str, Any] = {
    "system": lambda text: [_message("system", text)],
    "system parts": lambda text: [_message("system", _text_parts("input_text", text))],
    "developer": lambda text: [_message("developer", text)],
    "developer parts": lambda text: [
        _message("developer", _text_parts("input_text", text))
    ],
    "assistant": lambda text: [{"role": "assistant", "content": text}],
    "assistant parts": lambda text: [
        _message("assistant", _text_parts("output_text", text))
    ],
    "preamble": lambda text: [_message("assistant", text, phase="commentary")],
    "final answer": lambda text: [_message("assistant", text, phase="final_answer")],
    "refusal": lambda text: [
        _message("assistant", [{"type": "refusal", "refusal": text}])
    ],
    "empty": lambda _text: [_message("assistant", [])],
    "reasoning": lambda text: [
        {
            "type": "reasoning",
            "id": text,
            "summary": [],
            "content": _text_parts("reasoning_text", text),
        }
    ],
    "empty reasoning": lambda text: [
        {"type": "reasoning", "id": text, "summary": [], "content": []}
    ],
    "summary": lambda text: [
        {
            "type": "reasoning",
            "id": text,
            "summary": _text_parts("summary_text", text),
        }
    ],
    "call": lambda text: _call(text, json.dumps({"q": text})),
    "cut call": lambda text: _call(text, json.dumps({"q": text})[:-1]),
    "mcp_call": lambda text: [_mcp_call(text)],
    "mcp_call with output": lambda text: [
        {**_mcp_call(text), "output": f"{text} result"}
    ],
}
