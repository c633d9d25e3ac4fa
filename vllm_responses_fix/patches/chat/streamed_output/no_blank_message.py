"""White space between reasoning and a call is no message of a stream."""

import functools
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from .stream import Stream


def show_no_blank_message(
    original: Callable[..., AsyncGenerator[Any, None]],
) -> Callable[..., AsyncGenerator[Any, None]]:
    """Leave such a message out of the events, and of what the response is made of."""

    @functools.wraps(original)
    async def _process_simple_streaming_events(
        self: Any,
        request: Any,
        sampling_params: Any,
        result_generator: Any,
        context: Any,
        model_name: str,
        tokenizer: Any,
        request_metadata: Any,
        created_time: int,
        number: Callable[[Any], Any],
    ) -> AsyncGenerator[Any, None]:
        stream = Stream()
        events = original(
            self,
            request,
            sampling_params,
            result_generator,
            context,
            model_name,
            tokenizer,
            request_metadata,
            created_time,
            # An event gets its number when it is sent.
            lambda event: event,
        )
        async with aclosing(events):
            async for event in events:
                for shown in stream.show(event):
                    yield number(shown)
        for shown in stream.end():
            yield number(shown)
        context.streamed_output_items = stream.items

    return _process_simple_streaming_events
