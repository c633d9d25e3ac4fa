"""The chat template path, for the conversation machine."""

import json

from harness.answers import chat_text
from harness.client import Item
from harness.scripted_engine import Answer
from hypothesis import strategies as st

_KINDS = (
    "system",
    "developer",
    "assistant",
    "parts",
    "refusal",
    "empty",
    "think",
    "call",
    "cut-call",
)


class ChatPath:
    """Reasoning between think tags, calls in the hermes format."""

    def answers(self, text: str, may_call: bool) -> st.SearchStrategy[Answer]:
        calls = st.lists(
            st.tuples(
                st.sampled_from(["search", "get_weather"]),
                st.just({"q": f"{text} arguments"}),
            ),
            max_size=3 if may_call else 0,
        )
        contents = st.builds(
            lambda said, called, thought: chat_text(
                said, *called, reasoning=f"{text} reasoning" if thought else ""
            ),
            st.sampled_from(["", f"{text} said"]),
            calls,
            st.booleans(),
        )
        cut = contents.flatmap(
            lambda content: st.integers(1, len(content)).map(lambda n: content[:n])
        )
        return st.builds(Answer, contents) | st.builds(
            Answer, cut, truncated=st.just(True)
        )

    def client_history(self, text: str) -> st.SearchStrategy[list[Item]]:
        kinds = st.sampled_from(_KINDS)
        return st.lists(kinds, min_size=1, max_size=5).map(
            lambda chosen: [
                item
                for number, kind in enumerate(chosen)
                for item in _items(kind, f"{text}.{number}")
            ]
        )


def _items(kind: str, text: str) -> list[Item]:
    if kind in ("system", "developer"):
        return [{"type": "message", "role": kind, "content": text}]
    if kind == "assistant":
        return [{"role": "assistant", "content": text}]
    if kind == "think":
        parts = [{"type": "reasoning_text", "text": f"{text} {n}"} for n in (1, 2)]
        return [{"type": "reasoning", "id": text, "summary": [], "content": parts}]
    if kind in ("call", "cut-call"):
        arguments = json.dumps({"q": text})
        call = {
            "type": "function_call",
            "call_id": f"call {text}",
            "name": "search",
            "arguments": arguments if kind == "call" else arguments[:-1],
        }
        output = {
            "type": "function_call_output",
            "call_id": f"call {text}",
            "output": f"{text} result",
        }
        return [call, output]
    parts = {
        "parts": [
            {"type": "output_text", "text": f"{text} one", "annotations": []},
            {"type": "output_text", "text": f"{text} two", "annotations": []},
        ],
        "refusal": [{"type": "refusal", "refusal": text}],
        "empty": [],
    }[kind]
    return [{"type": "message", "role": "assistant", "content": parts}]
