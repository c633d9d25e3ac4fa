"""A Harmony message that a client sends back is the one that it got."""

import functools
from collections.abc import Callable
from typing import Any

from openai_harmony import Message

_HEADER = ("channel", "recipient", "content_type")


def keep_header(original: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """Read a dict with one of Harmony's fields as the Harmony message that it is.

    Source: `Message.to_dict` of openai_harmony, which is what vLLM sends.
    """

    @functools.wraps(original)
    def response_previous_input_to_harmony(chat_msg: Any) -> list[Any]:
        if isinstance(chat_msg, dict) and any(map(chat_msg.get, _HEADER)):
            try:
                return [Message.from_dict(chat_msg)]
            except (KeyError, TypeError, ValueError):
                # It is of another form, which vLLM may know.
                pass
        return original(chat_msg)

    return response_previous_input_to_harmony
