"""What is stored of a conversation is not what a context writes into."""

import functools
from collections.abc import Callable
from typing import Any


def copy_response_messages(original: Callable[..., None]) -> Callable[..., None]:
    """Give `ParsableContext` a list of its own.

    It, or its parser, appends the model's output to `response_messages`, which vLLM has
    put into `msg_store` as the messages of the request: the next turn then finds output
    items among chat messages and fails.

    Source: vLLM #43244.
    """

    @functools.wraps(original)
    def __init__(self: Any, *, response_messages: list[Any], **kwargs: Any) -> None:
        # The caller's list stays with the stored conversation; this one grows.
        original(self, response_messages=list(response_messages), **kwargs)

    return __init__
