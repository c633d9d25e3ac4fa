"""What the engine hands over at once is parsed token by token."""

import copy
import dataclasses
import functools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Any

from vllm_responses_fix.stream_contexts import with_contexts

_INCOMPLETE = "\ufffd"
"""What the decoder of a tokenizer has for a part of a character."""


def parse_one_by_one(
    original: Callable[..., AsyncGenerator[Any, None]],
) -> Callable[..., AsyncGenerator[Any, None]]:
    """Show vLLM's parsers what an engine that is not overtaken would have."""

    def change(
        contexts: AsyncIterator[Any], sampling_params: Any, tokenizer: Any
    ) -> AsyncIterator[Any]:
        decode = functools.partial(
            tokenizer.decode,
            skip_special_tokens=sampling_params.skip_special_tokens,
        )
        return _one_by_one(contexts, decode)

    return with_contexts(original, change)


async def _one_by_one(
    contexts: AsyncIterator[Any], decode: Callable[[list[int]], str]
) -> AsyncIterator[Any]:
    """A context for each token, that has it as its last output."""
    async for context in contexts:
        whole = getattr(context, "last_output", None)
        if whole is None or not whole.outputs or len(whole.outputs[0].token_ids) < 2:
            yield context
            continue
        for part in _parts(whole.outputs[0], decode):
            context.last_output = copy.copy(whole)
            context.last_output.outputs = [part]
            yield context
        context.last_output = whole


def _parts(output: Any, decode: Callable[[list[int]], str]) -> Iterator[Any]:
    ids = list(output.token_ids)
    *firsts, last = pieces(output.text, ids, decode)
    begin = 0
    for text, end in firsts:
        yield _part(output, text, begin, end, finish_reason=None, stop_reason=None)
        begin = end
    yield _part(output, last[0], begin, last[1])


def _part(output: Any, text: str, begin: int, end: int, **fields: Any) -> Any:
    return dataclasses.replace(
        output,
        text=text,
        token_ids=output.token_ids[begin:end],
        logprobs=output.logprobs[begin:end] if output.logprobs else output.logprobs,
        **fields,
    )


def pieces(
    text: str, token_ids: list[int], decode: Callable[[list[int]], str]
) -> list[tuple[str, int]]:
    """Cut a text where its tokens end.

    Tokens stay together where the text of one can't be told: a character in several
    tokens, or a decoder for which a token depends on those before it.

    Args:
        text: what the detokenizer has made of `token_ids`.
        decode: makes text of token ids.

    Returns:
        Texts, and up to which token each goes. Together they are `text`.
    """
    found: list[tuple[str, int]] = []
    begin = position = 0
    for end in range(1, len(token_ids) + 1):
        said = decode(token_ids[begin:end])
        rest = said.lstrip(_INCOMPLETE)
        if begin == 0 and rest != said and rest and text.startswith(rest, 1):
            # Up to here it is a character that began in the delta before.
            found.append((text[0], end - 1))
            position = 1
            said = rest
        # Some decoders leave out the space that a text begins with.
        forms = [form for form in (said, f" {said}") if text.startswith(form, position)]
        if not forms or said.endswith(_INCOMPLETE):
            continue
        found.append((forms[0], end))
        position += len(forms[0])
        begin = end
    if begin < len(token_ids):
        return [*found, (text[position:], len(token_ids))]
    *before, (last, end) = found
    return [*before, (last + text[position:], end)]
