"""The parts of reasoning are shown with the events that OpenAI has for parts."""

import functools
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from openai.types.responses import (
    ResponseContentPartAddedEvent,
    ResponseContentPartDoneEvent,
)

_EVENTS: dict[str, Any] = {
    "response.reasoning_part.added": ResponseContentPartAddedEvent,
    "response.reasoning_part.done": ResponseContentPartDoneEvent,
}


def show_content_parts(
    original: Callable[..., AsyncGenerator[Any, None]],
) -> Callable[..., AsyncGenerator[Any, None]]:
    """Put OpenAI's events in the place of vLLM's own, which have the same fields.

    Source: the streaming events of the Responses API reference; vLLM 0.32.0.
    """

    @functools.wraps(original)
    async def responses_stream_generator(
        self: Any, *args: Any, **kwargs: Any
    ) -> AsyncGenerator[Any, None]:
        async with aclosing(original(self, *args, **kwargs)) as events:
            async for event in events:
                kind = _EVENTS.get(event.type)
                if kind is None:
                    yield event
                    continue
                name = event.type.replace("reasoning_part", "content_part")
                yield kind(**{**event.model_dump(), "type": name})

    return responses_stream_generator
