"""The detokenizer of an answer reads the end of its prompt."""

import functools
from collections.abc import Callable
from typing import Any

import tokenizers

# Long enough for a character, and nearly always for some text.
_LENGTHS = (16, 128)


def read_the_end(original: Callable[..., None]) -> Callable[..., None]:
    """Give the stream that decodes an answer the last tokens of the prompt.

    It decodes them with the answer's first token and without, and the difference is
    what the model said. A byte-level decoder joins the bytes of all tokens, so the
    difference is the same after any text that ends as the prompt does.
    """

    @functools.wraps(original)
    def __init__(self: Any, tokenizer: Any, request: Any) -> None:
        original(self, tokenizer, request)
        end = _end(self.tokenizer, request.prompt_token_ids, self.skip_special_tokens)
        if end is not None:
            # Nothing is decoded until the first token comes.
            self.stream = tokenizers.decoders.DecodeStream(
                ids=end, skip_special_tokens=self.skip_special_tokens
            )

    return __init__


def _end(
    tokenizer: Any, prompt: list[int] | None, skip_special_tokens: bool
) -> list[int] | None:
    """The end of a prompt; None where the whole has to be read."""
    if not isinstance(tokenizer, tokenizers.Tokenizer) or not isinstance(
        tokenizer.decoder, tokenizers.decoders.ByteLevel
    ):
        return None
    for length in _LENGTHS:
        if prompt is None or len(prompt) <= 2 * length:
            return None
        text = tokenizer.decode(
            prompt[-length:], skip_special_tokens=skip_special_tokens
        )
        # Where it ends in half a character, the answer's first token has the other.
        if text and not text.endswith("\ufffd"):
            return prompt[-length:]
    return None
