"""The usage of a response has lists only of several turns."""

import functools
from collections.abc import Callable
from typing import Any

from vllm.entrypoints.openai.responses.protocol import ResponsesResponse


def leave_out_single_turns(original: Callable[..., Any]) -> Callable[..., Any]:
    """Leave out of a response, made or read back, lists that only repeat its totals.

    They have an entry for each time the server let the model generate.

    Source: OpenAI's `ResponseUsage`; `@openai/agents` sums up all of its details.
    """

    @functools.wraps(original)
    async def with_response(self: Any, *args: Any, **kwargs: Any) -> Any:
        response = await original(self, *args, **kwargs)
        if isinstance(response, ResponsesResponse) and response.usage is not None:
            _without_short_lists(response.usage.input_tokens_details)
            _without_short_lists(response.usage.output_tokens_details)
        return response

    return with_response


def _without_short_lists(details: Any) -> None:
    # pydantic writes the fields that an object has.
    for name, value in list(vars(details).items()):
        if isinstance(value, list) and len(value) < 2:
            del vars(details)[name]
