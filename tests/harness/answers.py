"""What a model would generate.

For the chat template path in the format of the hermes tool parser and of reasoning
parsers with think tags; for Harmony with openai_harmony's own encoding.
"""

import json
from typing import Any

from .scripted_engine import Answer


def chat_text(
    text: str = "",
    *calls: tuple[str, Any],
    reasoning: str | None = "",
) -> str:
    """The text of an assistant turn: reasoning, message, function calls.

    Args:
        calls: (function name, arguments) pairs.
        reasoning: goes between think tags. With "" the tags are there, because
            DeepSeek's parser takes an answer without them for reasoning; with None
            they are not.
    """
    thought = "" if reasoning is None else f"<think>{reasoning}</think>"
    return thought + text + "".join(hermes_call(name, args) for name, args in calls)


def hermes_call(name: str, arguments: Any) -> str:
    call = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
    return f"<tool_call>\n{call}\n</tool_call>"


def chat_answer(
    text: str = "", *calls: tuple[str, Any], reasoning: str | None = "", **options: Any
) -> Answer:
    """`chat_text` as an answer; `options` are those of `Answer`."""
    return Answer(chat_text(text, *calls, reasoning=reasoning), **options)
