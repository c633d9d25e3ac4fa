"""A function call that the model has ended is completed."""

import functools
from collections.abc import Callable
from typing import Any

from openai.types.responses import ResponseFunctionToolCall


def say_completed(original: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """Give the function calls of a whole Harmony message their status.

    Source: `status` of a function call in the Responses API reference; vLLM 0.25.0.
    """

    @functools.wraps(original)
    def parse_function_call(*args: Any, **kwargs: Any) -> list[Any]:
        items = original(*args, **kwargs)
        for item in items:
            if isinstance(item, ResponseFunctionToolCall) and item.status is None:
                item.status = "completed"
        return items

    return parse_function_call
