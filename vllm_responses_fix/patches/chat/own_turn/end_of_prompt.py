"""A parser is told the end of the prompt that belongs to the answer's own turn."""

import copy
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from typing import Any

from vllm_responses_fix.stream_contexts import with_contexts


def parse_own_turn(
    original: Callable[..., AsyncGenerator[Any, None]],
) -> Callable[..., AsyncGenerator[Any, None]]:
    """Hide the turns before from what looks for the end of reasoning."""

    def change(
        contexts: AsyncIterator[Any], sampling_params: Any, tokenizer: Any
    ) -> AsyncIterator[Any]:
        ends = {tokenizer.eos_token_id, *sampling_params.all_stop_token_ids}
        return _first_with_own_turn(contexts, ends)

    return with_contexts(original, change)


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
