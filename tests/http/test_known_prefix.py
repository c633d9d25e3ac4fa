"""A prompt is tokenized from where it parts from one that was tokenized before."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from harness.answers import chat_text
from harness.client import Client, Conversation
from hurting_texts import (
    TOKENIZERS,
    changed,
    demo,
    fast,
    normalizing,
    prompts,
    with_dropout,
    with_first_token,
)
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, processors

from vllm_responses_fix.patches.chat.known_prefix.boundaries import (
    Boundaries,
    find_boundaries,
)
from vllm_responses_fix.patches.chat.known_prefix.probe import TextRenderer
from vllm_responses_fix.patches.chat.known_prefix.prompts import (
    KnownPrompts,
    RecentPrompts,
)
from vllm_responses_fix.settings import CHECK_TOKENS

LONG = "<|im_start|>system\nYou are thorough.<|im_end|>\n" * 20


@pytest.fixture
def tokenized(chat: Client, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the server gives its tokenizer."""
    renderer = chat.server.engine.renderer
    tokenize = renderer._tokenize_prompt_async
    given: list[str] = []

    async def tokenize_prompt(prompt: Any, params: Any) -> Any:
        given.append(prompt["prompt"])
        return await tokenize(prompt, params)

    monkeypatch.setattr(renderer, "_tokenize_prompt_async", tokenize_prompt)
    return given


@pytest.mark.guards("known-prefix")
@pytest.mark.parametrize("way", ["chain_body", "replay_body"])
async def test_a_turn_tokenizes_what_is_new(
    chat: Client, tokenized: list[str], way: str
) -> None:
    conversation = Conversation()
    for turn in range(6):
        asked = f"{way} {turn}: " + "word " * 50
        body = getattr(conversation, way)(asked)
        reply = await chat.create(body, chat_text("answer " * 50, reasoning="thought"))
        conversation = conversation.extended(asked, reply)
        assert asked in tokenized[-1]
    assert f"{way} 4" not in tokenized[-1]
    assert len(tokenized[-1]) < len(reply.prompt.text) / 3


@pytest.mark.kit_alone
async def test_prompts_are_those_of_the_whole_text(chat: Client) -> None:
    conversation = Conversation()
    for turn in range(4):
        asked = f" {turn} <|im_end|>\n<|im_start|>user\n\u0301 "
        body = conversation.chain_body(asked)
        reply = await chat.create(body, chat_text("<|im_start|>", reasoning=""))
        conversation = conversation.extended(asked, reply)
        text, token_ids = reply.prompt.text, reply.prompt.token_ids
        tokenizer = chat.server.engine.renderer.get_tokenizer()
        assert tokenizer(text)["input_ids"] == list(token_ids)


@pytest.mark.guards("known-prefix")
async def test_the_memory_is_in_the_metrics(chat: Client) -> None:
    await chat.create({"input": "Hello?"}, "Hello.")
    text = (await chat.server.http.get("/metrics")).text
    name = 'vllm:responses_fix_prompt_cache_bytes{patch="known-prefix"}'
    (line,) = [line for line in text.splitlines() if line.startswith(name)]
    assert 0 < float(line.split()[-1]) < 1 << 26


@pytest.mark.guards("known-prefix")
async def test_what_is_truncated_is_tokenized_whole(
    chat: Client, tokenized: list[str]
) -> None:
    for truncation in ("disabled", "disabled", "auto"):
        await chat.create({"input": "Cut?", "truncation": truncation}, "Hello.")
    _, second, truncated = tokenized
    assert "Cut?" not in second
    assert "Cut?" in truncated


@pytest.mark.kit_alone
def test_a_prompt_that_is_too_long_is_refused_as_ever() -> None:
    long = LONG + "word " * 100
    refused = []
    for known in ("", LONG):
        renderer = TextRenderer(fast(demo()))
        renderer.tokenized(known)
        limit = len(renderer.ids(LONG)) + 20
        with pytest.raises(Exception, match="maximum context length") as error:
            renderer.tokenized(long, max_total_tokens=limit)
        refused.append(str(error.value))
    assert refused[0] == refused[1]


@pytest.mark.kit_alone
@pytest.mark.parametrize("make", TOKENIZERS)
@given(data=st.data())
def test_token_ids_are_those_of_the_whole(
    data: st.DataObject, make: Callable[[], Tokenizer]
) -> None:
    tokenizer = made(make)
    renderer = TextRenderer(tokenizer)
    added = [token.content for token in tokenizer.added_tokens_decoder.values()]
    for text in data.draw(prompts(added)):
        assert renderer.tokenized(text) == renderer.ids(text)


_made: dict[Any, Any] = {}


def made(make: Callable[[], Tokenizer]) -> Any:
    if make not in _made:
        _made[make] = fast(make())
    return _made[make]


@pytest.mark.guards("known-prefix")
@pytest.mark.parametrize("make", TOKENIZERS)
def test_every_kind_of_tokenizer_has_boundaries(make: Callable[[], Tokenizer]) -> None:
    renderer = TextRenderer(made(make))
    text = "".join(f"<|im_start|>user\n{n} " + "word " * 20 for n in range(9))
    renderer.tokenized(text)
    renderer.tokenized(text + "<|im_end|>")
    assert len(renderer.given[-1]) < len(text) / 2


@pytest.mark.kit_alone
@pytest.mark.parametrize(
    "tokenizer",
    [
        changed(demo(), rstrip=True),
        changed(demo(), lstrip=True),
        changed(demo(), single_word=True),
        changed(normalizing(), normalized=True),
        with_dropout(),
    ],
    ids=["rstrip", "lstrip", "single_word", "normalized", "dropout"],
)
def test_tokens_that_are_no_boundaries(tokenizer: Tokenizer) -> None:
    assert find_boundaries(fast(tokenizer), True) is None


@pytest.mark.kit_alone
def test_a_tokenizer_that_reads_tags_as_text_is_left_alone() -> None:
    assert find_boundaries(fast(demo(), split_special_tokens=True), True) is None


@pytest.mark.kit_alone
def test_a_tokenizer_that_ends_its_prompts_is_left_alone() -> None:
    tokenizer = with_first_token()
    end = "<|im_end|>"
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {end}", special_tokens=[(end, tokenizer.token_to_id(end))]
    )
    assert find_boundaries(fast(tokenizer), True) is None
    assert find_boundaries(fast(tokenizer), False) is not None


@pytest.mark.kit_alone
async def test_mistral_s_tokenizer_is_left_alone(mistral: Client) -> None:
    tokenizer = mistral.server.engine.renderer.get_tokenizer()
    assert find_boundaries(tokenizer, True) is None


@pytest.mark.guards("known-prefix")
def test_a_difference_is_said_and_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(CHECK_TOKENS, "1")
    # Releases differ in what they do with vLLM's own log.
    logger = logging.getLogger("vllm.responses_fix")
    monkeypatch.setattr(logger, "handlers", [caplog.handler])
    monkeypatch.setattr(logger, "propagate", False)
    renderer = TextRenderer(fast(demo()))
    renderer.tokenized(LONG)
    renderer.tokenized(LONG + "<|im_start|>")
    assert not caplog.messages
    # What was tokenized before is not what this tokenizer says any more.
    renderer.tokenizer.add_tokens(["thorough"])
    for text in (LONG + "<|im_start|>user", LONG + "<|im_start|>again"):
        assert renderer.tokenized(text) == renderer.ids(text)
    (message,) = caplog.messages
    assert CHECK_TOKENS in message
    assert "thorough" not in message


@pytest.mark.kit_alone
def test_a_conversation_is_kept_once() -> None:
    known = no_prompts(RecentPrompts(1 << 20))
    text = ""
    for turn in range(50):
        text += f"<|im_start|>user\n{turn}<|im_end|>\n"
        keep(known, text)
        keep(known, text + "<|im_start|>assistant")
    assert len(known) == 1
    for branch in "ab":
        keep(known, text + f"<|im_start|>{branch}<|im_end|>")
    assert len(known) == 2


@pytest.mark.kit_alone
def test_what_is_known_of_a_prompt_is_not_looked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_through: list[int] = []
    starts = Boundaries.starts

    def noted(self: Boundaries, text: str, start: int = 0) -> Any:
        looked_through.append(len(text) - start)
        return starts(self, text, start)

    known = no_prompts(RecentPrompts(1 << 20))
    monkeypatch.setattr(Boundaries, "starts", noted)
    text = ""
    for turn in range(50):
        text += f"<|im_start|>user\n{turn}<|im_end|>\n"
        keep(known, text)
    assert len(looked_through) == 50
    assert max(looked_through) < 100 < len(text)


@pytest.mark.kit_alone
def test_the_least_recently_used_goes_first() -> None:
    recent = RecentPrompts(20_000)
    known = no_prompts(recent)
    texts = [f"<|im_start|>{n}" + LONG for n in range(20)]
    for text in texts:
        keep(known, text)
        # In use all the time.
        keep(known, texts[0] + "<|im_end|>")
        assert recent.bytes <= 20_000
    found = [n for n, text in enumerate(texts) if known.shared(text) is not None]
    assert found[0] == 0
    assert found[1:] == list(range(found[1], 20))
    keep(known, LONG * 30)
    assert recent.bytes <= 20_000


@pytest.mark.kit_alone
def test_all_tokenizers_have_one_bound() -> None:
    recent = RecentPrompts(20_000)
    one, other = no_prompts(recent), no_prompts(recent)
    keep(one, LONG)
    for number in range(20):
        keep(other, f"<|im_start|>{number}" + LONG)
        if number < 10:
            assert one.shared(LONG) is not None
        assert recent.bytes <= 20_000
    assert len(one) == 0
    other.clear()
    assert recent.bytes == 0


def no_prompts(recent: RecentPrompts) -> KnownPrompts:
    boundaries = find_boundaries(made(demo), False)
    assert boundaries is not None
    return KnownPrompts(boundaries, recent)


def keep(known: KnownPrompts, text: str) -> None:
    ids = made(demo)(text)["input_ids"]
    known.remember(text, ids, known.shared(text))
