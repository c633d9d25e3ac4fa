"""The details of a response's usage are numbers, and lists are beside its totals."""

import functools
from collections.abc import Callable
from typing import Any

from vllm.entrypoints.openai.responses.protocol import ResponsesResponse


def move_lists(original: Callable[..., Any]) -> Callable[..., Any]:
    """Move the lists of a response, made or read back, out of the details of its usage.

    They have an entry for each time the server let the model generate; with one they
    only repeat the totals, and are left out.

    Source: OpenAI's `ResponseUsage`; `@openai/agents` sums up all of its details.
    """

    @functools.wraps(original)
    async def with_response(self: Any, *args: Any, **kwargs: Any) -> Any:
        response = await original(self, *args, **kwargs)
        if isinstance(response, ResponsesResponse) and response.usage is not None:
            _move_lists(response.usage.input_tokens_details, response.usage)
            _move_lists(response.usage.output_tokens_details, response.usage)
        return response

    return with_response


def _move_lists(details: Any, usage: Any) -> None:
    # pydantic writes the fields that an object has.
    for name, value in list(vars(details).items()):
        if isinstance(value, list):
            del vars(details)[name]
            if len(value) > 1:
                setattr(usage, name, value)
