"""A parser is told the end of the prompt that belongs to the answer's own turn."""

import copy
import functools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from contextlib import aclosing
from typing import Any


def parse_own_turn(
    original: Callable[..., AsyncGenerator[Any, None]],
) -> Callable[..., AsyncGenerator[Any, None]]:
    """Hide the turns before from what looks for the end of reasoning."""

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
            ends = {tokenizer.eos_token_id, *sampling_params.all_stop_token_ids}
            result_generator = _first_with_own_turn(result_generator, ends)
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


async def _first_with_own_turn(
    contexts: AsyncIterator[Any], ends: Collection[int]
) -> AsyncIterator[Any]:
    """The contexts, of which parsers ask the first only for its prompt."""
    is_first = True
    async for context in contexts:
        whole = getattr(context, "last_output", None)
        if not is_first or whole is None or not whole.prompt_token_ids:
            yield context
            continue
        is_first = False
        context.last_output = copy.copy(whole)
        context.last_output.prompt_token_ids = own_turn(whole.prompt_token_ids, ends)
        yield context
        context.last_output = whole


def own_turn(prompt_token_ids: list[int], ends: Collection[int]) -> list[int]:
    """The prompt after the last token that ends a turn; all of it if there is none."""
    for index in range(len(prompt_token_ids) - 1, -1, -1):
        if prompt_token_ids[index] in ends:
            return prompt_token_ids[index + 1 :]
    return prompt_token_ids
