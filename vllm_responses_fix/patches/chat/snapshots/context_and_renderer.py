"""What is stored of a conversation is not what contexts and renderer write into."""

import functools
from collections.abc import Callable
from typing import Any

from .context import copy_response_messages

__all__ = ["copy_response_messages", "copy_tool_calls"]


def copy_tool_calls(original: Callable[..., None]) -> Callable[..., None]:
    """Let the arguments of calls be decoded in copies of the calls.

    vLLM decodes them in place, in the calls of the stored conversation: arguments that
    are a JSON string are decoded once more on every later turn.

    Source: vLLM #43244.
    """

    @functools.wraps(original)
    def _postprocess_messages(messages: list[Any]) -> None:
        for message in messages:
            tool_calls = message.get("tool_calls")
            if isinstance(tool_calls, list):
                message["tool_calls"] = [_copy_call(call) for call in tool_calls]
        original(messages)

    return _postprocess_messages


def _copy_call(call: Any) -> Any:
    # What is no call of a function is for vLLM to refuse.
    if isinstance(call, dict) and isinstance(call.get("function"), dict):
        return {**call, "function": {**call["function"]}}
    return call
