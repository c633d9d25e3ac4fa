"""Does the detokenizer of an answer read the whole prompt?"""

from types import SimpleNamespace
from typing import Any

import tokenizers
from tokenizers import Tokenizer, decoders, models
from vllm.sampling_params import SamplingParams
from vllm.v1.engine.detokenizer import FastIncrementalDetokenizer

_PROMPT = [0] * 1000


def fault() -> str | None:
    """How many tokens of a prompt its answer's stream begins with."""
    vocabulary = Tokenizer(models.WordLevel({"a": 0, "b": 1}, "a"))
    vocabulary.decoder = decoders.ByteLevel()
    request = SimpleNamespace(
        request_id="probe", prompt_token_ids=_PROMPT, sampling_params=SamplingParams()
    )
    given: list[list[int]] = []
    original = tokenizers.decoders.DecodeStream

    def recorded(ids: list[int], **options: Any) -> Any:
        given.append(ids)
        return original(ids=ids, **options)

    tokenizers.decoders.DecodeStream = recorded
    try:
        made = FastIncrementalDetokenizer(
            SimpleNamespace(_tokenizer=vocabulary),
            request,
        )
    finally:
        tokenizers.decoders.DecodeStream = original
    said = made.decode_next(1)
    if said != "b":
        return f"an answer's token is decoded as {said!r}"
    if len(given[-1]) == len(_PROMPT):
        return "the whole prompt is decoded before an answer's first token"
    return None
