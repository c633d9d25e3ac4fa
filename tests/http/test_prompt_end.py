"""The detokenizer of an answer reads the end of its prompt, and says the same."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import tokenizers
from harness.answers import chat_text
from harness.client import Client
from hurting_texts import PIECES, TOKENIZERS, fast
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from vllm.sampling_params import SamplingParams
from vllm.v1.engine.detokenizer import FastIncrementalDetokenizer

TEXT = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@pytest.mark.guards("prompt-end")
@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_is_decoded_from_the_end_of_the_prompt(
    chat: Client, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    decode_stream = tokenizers.decoders.DecodeStream
    lengths: list[int] = []

    def recorded(ids: list[int], **options: Any) -> Any:
        lengths.append(len(ids))
        return decode_stream(ids=ids, **options)

    monkeypatch.setattr(tokenizers.decoders, "DecodeStream", recorded)
    ask = chat.stream if stream else chat.create
    body = {"input": "Hello? \U0001f469\u200d\U0001f467 " * 200}
    reply = await ask(body, chat_text("Hello \u00e9 \U0001f469\u200d\U0001f467."))
    assert lengths[-1] < 200 < len(reply.prompt.token_ids)
    (text,) = [item for item in reply.output if item["type"] == "message"]
    assert text["content"][0]["text"] == "Hello \u00e9 \U0001f469\u200d\U0001f467."


@pytest.mark.kit_alone
@pytest.mark.parametrize("make", TOKENIZERS)
@pytest.mark.parametrize("skip_special_tokens", [True, False])
@given(data=st.data())
def test_an_answer_is_what_it_is_after_the_whole_prompt(
    data: st.DataObject, make: Callable[[], Tokenizer], skip_special_tokens: bool
) -> None:
    tokenizer = made(make)
    number = tokenizer._tokenizer.get_vocab_size()
    ids = st.lists(st.integers(0, number - 1), max_size=6)
    special = st.lists(st.sampled_from(tokenizer.all_special_ids or [0]), max_size=40)
    begin = tokenizer(data.draw(TEXT) * 40 + "\u00e9")["input_ids"]
    prompt = begin + data.draw(ids) + data.draw(special)
    answer = data.draw(ids) + tokenizer(data.draw(TEXT))["input_ids"]
    request: Any = SimpleNamespace(
        request_id="test",
        prompt_token_ids=prompt,
        sampling_params=SamplingParams(skip_special_tokens=skip_special_tokens),
    )
    detokenizer = FastIncrementalDetokenizer(tokenizer, request)
    said = [detokenizer.decode_next(token_id) for token_id in answer]
    detokenizer = FastIncrementalDetokenizer(tokenizer, request)
    detokenizer.stream = tokenizers.decoders.DecodeStream(
        ids=prompt, skip_special_tokens=skip_special_tokens
    )
    assert said == [detokenizer.decode_next(token_id) for token_id in answer]


_made: dict[Any, Any] = {}


def made(make: Callable[[], Tokenizer]) -> Any:
    if make not in _made:
        _made[make] = fast(make())
    return _made[make]
