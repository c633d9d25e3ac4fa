"""The arguments of a call are a JSON object, whatever was written."""

import functools
import json
from collections.abc import Callable
from typing import Any

from openai.types.responses import ResponseFunctionToolCall


def keep_arguments(original: Callable[..., Any]) -> Callable[..., Any]:
    """Put arguments that are no JSON object into one, before a call is converted.

    Source: vLLM #43244; 0.29.0 gives chat templates an object in every case.
    """

    @functools.wraps(original)
    def _construct_message_from_response_item(
        item: Any, prev_msg: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        if isinstance(item, ResponseFunctionToolCall) and not _is_read(item.arguments):
            arguments = json.dumps({"arguments": item.arguments}, ensure_ascii=False)
            item = item.model_copy(update={"arguments": arguments})
        return original(item, prev_msg, *args, **kwargs)

    return _construct_message_from_response_item


def _is_read(arguments: str) -> bool:
    """Whether vLLM makes of it what it says: an object, or nothing at all."""
    try:
        return not arguments.strip() or isinstance(json.loads(arguments), dict)
    except ValueError:
        return False
