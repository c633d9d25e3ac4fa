"""What a model would generate.

For the chat template path in the format of the hermes tool parser and of reasoning
parsers with think tags; for Harmony with openai_harmony's own encoding.
"""

import json
from collections.abc import Sequence
from typing import Any

from openai_harmony import Message, Role

from .harmony_encoding import harmony_encoding
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


def mistral_calls(tokenizer: Any, *calls: tuple[str, Any], **options: Any) -> Answer:
    """Calls as models with Mistral's tokenizer write them.

    That is a list after a control token; `options` are those of `Answer`.
    """
    written = json.dumps([{"name": name, "arguments": args} for name, args in calls])
    token_ids = tokenizer.encode(written, add_special_tokens=False)
    return Answer([tokenizer.get_vocab()["[TOOL_CALLS]"], *token_ids], **options)


def analysis(text: str) -> Message:
    """A Harmony message of reasoning."""
    return _assistant(text).with_channel("analysis")


def preamble(text: str) -> Message:
    """A Harmony message to the user before a call: commentary without recipient."""
    return _assistant(text).with_channel("commentary")


def call(name: str, arguments: Any) -> Message:
    """A Harmony function call; arguments that are no string are dumped as JSON."""
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return (
        _assistant(arguments)
        .with_channel("commentary")
        .with_recipient(f"functions.{name}")
        .with_content_type("<|constrain|>json")
    )


def final(text: str) -> Message:
    """A Harmony message that ends the turn."""
    return _assistant(text).with_channel("final")


def harmony_answer(
    *messages: Message, truncated: bool = False, **options: Any
) -> Answer:
    """The tokens with which gpt-oss writes `messages`.

    Args:
        truncated: the last message is not ended.
        options: those of `Answer`.
    """
    token_ids = harmony_tokens(messages)
    if truncated:
        token_ids = token_ids[:-1]
    elif token_ids[-1] == _token("<|end|>"):
        token_ids[-1] = _token("<|return|>")
    return Answer(token_ids, truncated=truncated, **options)


def harmony_tokens(messages: Sequence[Message]) -> list[int]:
    """`messages` rendered, without the start of the first, which is in the prompt."""
    encoding = harmony_encoding()
    start = len(encoding.encode("<|start|>assistant", allowed_special="all"))
    return [token for message in messages for token in encoding.render(message)][start:]


def _assistant(text: str) -> Message:
    return Message.from_role_and_content(Role.ASSISTANT, text)


def _token(text: str) -> int:
    (token_id,) = harmony_encoding().encode(text, allowed_special="all")
    return token_id
