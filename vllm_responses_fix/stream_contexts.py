"""What vLLM makes the events of a stream of, changed on its way there."""

import functools
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any


def with_contexts(
    original: Callable[..., AsyncGenerator[Any, None]],
    change: Callable[[AsyncIterator[Any], Any, Any], AsyncIterator[Any]],
) -> Callable[..., AsyncGenerator[Any, None]]:
    """Let a server with a parser make events of other contexts than the engine's.

    Args:
        original: vLLM's `_process_simple_streaming_events`.
        change: makes these contexts, of the engine's, the request's sampling
            parameters and the tokenizer.
    """

    @functools.wraps(original)
    async def _process_simple_streaming_events(
        self: Any,
        request: Any,
        sampling_params: Any,
        result_generator: AsyncIterator[Any],
        context: Any,
        model_name: str,
        tokenizer: Any,
        *args: Any,
    ) -> AsyncGenerator[Any, None]:
        if self.parser:
            result_generator = change(result_generator, sampling_params, tokenizer)
        events = original(
            self,
            request,
            sampling_params,
            result_generator,
            context,
            model_name,
            tokenizer,
            *args,
        )
        async with aclosing(events):
            async for event in events:
                yield event

    return _process_simple_streaming_events
