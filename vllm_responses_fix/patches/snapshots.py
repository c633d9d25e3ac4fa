"""What is stored of a conversation is not what parser and renderer write into."""

import functools
import json
from collections.abc import Callable
from typing import Any


def copy_response_messages(original: Callable[..., None]) -> Callable[..., None]:
    """Give `ResponsesParser`, or from 0.22 on `ParsableContext`, a list of its own.

    It appends the model's output to `response_messages`, which vLLM has put into
    `msg_store` as the messages of the request: the next turn then finds output items
    among chat messages and fails.

    Source: vLLM #43244.
    """

    @functools.wraps(original)
    def __init__(self: Any, *, response_messages: list[Any], **kwargs: Any) -> None:
        # The caller's list stays with the stored conversation; this one grows.
        original(self, response_messages=list(response_messages), **kwargs)

    return __init__


def postprocess_messages(messages: Any) -> None:
    """Decode the arguments of calls for the chat template, in copies of the calls.

    The calls of `messages` are those of the stored conversation. Decoded in place,
    arguments that are a JSON string are decoded once more on every later turn.

    Raises:
        ValueError: arguments are not JSON.
    """
    for message in messages:
        if message["role"] != "assistant":
            continue
        tool_calls = message.get("tool_calls")
        if not isinstance(tool_calls, list):
            continue
        if not tool_calls:
            # Chat templates take a message with calls for one that only calls.
            del message["tool_calls"]
            continue
        message["tool_calls"] = [_decoded(call) for call in tool_calls]


def _decoded(call: Any) -> Any:
    arguments = call["function"].get("arguments")
    if not arguments:
        arguments = {}
    elif not isinstance(arguments, (dict, list)):
        arguments = json.loads(arguments)
    return {**call, "function": {**call["function"], "arguments": arguments}}
