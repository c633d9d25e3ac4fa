"""The usage of a response has no empty lists."""

import functools
from collections.abc import Callable
from typing import Any

from vllm.entrypoints.openai.responses.protocol import ResponsesResponse


def leave_out_empty_lists(original: Callable[..., Any]) -> Callable[..., Any]:
    """Leave out of a response, made or read back, what says nothing and is no number.

    Source: OpenAI's `ResponseUsage`; `@openai/agents` sums up all of its details.
    """

    @functools.wraps(original)
    async def with_response(self: Any, *args: Any, **kwargs: Any) -> Any:
        response = await original(self, *args, **kwargs)
        if isinstance(response, ResponsesResponse) and response.usage is not None:
            _without_empty_lists(response.usage.input_tokens_details)
            _without_empty_lists(response.usage.output_tokens_details)
        return response

    return with_response


def _without_empty_lists(details: Any) -> None:
    # pydantic writes the fields that an object has.
    for name in [name for name, value in vars(details).items() if value == []]:
        del vars(details)[name]
