"""gpt-oss: a message that was in a prompt before is not rendered again."""

import logging
from functools import cache
from typing import Any

import pytest
from harness.answers import analysis, call, final, harmony_answer, preamble
from harness.client import Client, Conversation
from harness.harmony_encoding import harmony_encoding
from hypothesis import given
from hypothesis import strategies as st
from openai_harmony import (
    Author,
    DeveloperContent,
    HarmonyEncoding,
    Message,
    RenderConversationConfig,
    Role,
    SystemContent,
    ToolDescription,
)
from openai_harmony import Conversation as HarmonyConversation
from vllm.entrypoints.openai.parser import harmony_utils

from vllm_responses_fix.patches.harmony.known_messages.encoding import (
    KeepingEncoding,
)
from vllm_responses_fix.settings import CHECK_TOKENS

KEPT = RenderConversationConfig(auto_drop_analysis=False)
TEXTS = st.sampled_from(
    [
        *("", " ", "\n", "a", "a ", " a", "e", "\u0301", "\U0001f469", "\u200d"),
        *("<|start|>", "<|end|>", "<|channel|>", "<|", "{}", "to=functions.a"),
    ]
)
TEXT = st.lists(TEXTS, max_size=4).map("".join)
TOOL = ToolDescription.new("a", "Looks a up.", {"type": "object", "properties": {}})


def result(text: str) -> Message:
    author = Author.new(Role.TOOL, "functions.a")
    message = Message.from_author_and_content(author, text)
    return message.with_channel("commentary").with_recipient("assistant")


def said(role: Role) -> st.SearchStrategy[Message]:
    return TEXT.map(lambda text: Message.from_role_and_content(role, text))


MESSAGES = st.lists(
    st.one_of(
        said(Role.USER),
        said(Role.DEVELOPER),
        said(Role.SYSTEM),
        said(Role.ASSISTANT),
        *(TEXT.map(kind) for kind in (analysis, preamble, final, result)),
        TEXT.map(lambda text: call("a", text)),
        TEXT.map(lambda text: final(text).adding_content(text)),
        st.just(Message.from_role_and_content(Role.SYSTEM, SystemContent.new())),
        TEXT.map(
            lambda text: Message.from_role_and_content(
                Role.DEVELOPER, DeveloperContent.new().with_instructions(text)
            )
        ),
        st.just(
            Message.from_role_and_content(
                Role.DEVELOPER, DeveloperContent.new().with_function_tools([TOOL])
            )
        ),
    ),
    max_size=10,
)


@pytest.mark.guards("harmony-known-messages")
async def test_a_turn_renders_what_is_new(
    harmony: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoding = harmony_utils.get_encoding()
    render = encoding.render
    rendered: list[str] = []

    def recorded(message: Message, options: Any = None) -> Any:
        # The answers of this test are rendered without any.
        if options is not None:
            rendered.append(message.to_json())
        return render(message, options)

    monkeypatch.setattr(encoding, "render", recorded)
    conversation = Conversation()
    for turn in range(4):
        rendered.clear()
        asked = f"What is new in turn {turn}?"
        body = conversation.chain_body(asked)
        reply = await harmony.create(body, harmony_answer(final(f"It is {turn}.")))
        conversation = conversation.extended(asked, reply)
        assert any(asked in message for message in rendered)
    # The answer of the turn before, and the question.
    assert len(rendered) == 2


@pytest.mark.kit_alone
@given(st.lists(MESSAGES, min_size=1, max_size=4))
def test_token_ids_are_those_of_the_whole(
    conversations: list[list[Message]],
) -> None:
    whole = HarmonyEncoding(harmony_encoding()._inner)
    keeping = keeping_encoding()
    for messages in conversations:
        prompts = [
            encoding.render_conversation_for_completion(
                HarmonyConversation.from_messages(messages), Role.ASSISTANT, KEPT
            )
            for encoding in (keeping, whole)
        ]
        assert prompts[0] == prompts[1]
        assert len(keeping.known) >= len({m.to_json() for m in messages})


@cache
def keeping_encoding() -> KeepingEncoding:
    """One for all examples, so that they meet what others have left."""
    return KeepingEncoding(harmony_encoding(), 1 << 24)


@pytest.mark.guards("harmony-known-messages")
async def test_the_memory_is_in_the_metrics(harmony: Client) -> None:
    await harmony.create(
        {"input": "What is measured?"}, harmony_answer(final("Bytes."))
    )
    text = (await harmony.server.http.get("/metrics")).text
    name = 'vllm:responses_fix_prompt_cache_bytes{patch="harmony-known-messages"}'
    (line,) = [line for line in text.splitlines() if line.startswith(name)]
    assert 0 < float(line.split()[-1]) < 1 << 26


@pytest.mark.kit_alone
def test_the_least_recently_used_goes_first() -> None:
    whole = HarmonyEncoding(harmony_encoding()._inner)
    keeping = KeepingEncoding(whole, 20_000)
    messages = [Message.from_role_and_content(Role.USER, f"{n}") for n in range(100)]
    for message in messages:
        # The first is in use all the time.
        keeping.render_conversation_for_completion(
            HarmonyConversation.from_messages([messages[0], message]),
            Role.ASSISTANT,
            KEPT,
        )
        assert keeping.known.bytes <= 20_000
    assert 10 < len(keeping.known) < 60


@pytest.mark.kit_alone
def test_a_message_that_is_too_large_is_not_kept() -> None:
    whole = HarmonyEncoding(harmony_encoding()._inner)
    keeping = KeepingEncoding(whole, 5_000)

    def render(text: str) -> None:
        conversation = HarmonyConversation.from_messages([final(text)])
        rendered = [
            encoding.render_conversation_for_completion(
                conversation, Role.ASSISTANT, KEPT
            )
            for encoding in (keeping, whole)
        ]
        assert rendered[0] == rendered[1]

    render("small")
    bytes, number = keeping.known.bytes, len(keeping.known)
    render("large " * 2_000)
    assert (keeping.known.bytes, len(keeping.known)) == (bytes, number)


@pytest.mark.kit_alone
def test_a_difference_is_said_and_not_used(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(CHECK_TOKENS, "1")
    # Releases differ in what they do with vLLM's own log.
    logger = logging.getLogger("vllm.responses_fix")
    monkeypatch.setattr(logger, "handlers", [caplog.handler])
    monkeypatch.setattr(logger, "propagate", False)
    whole = HarmonyEncoding(harmony_encoding()._inner)
    keeping = KeepingEncoding(whole, 1 << 20)
    conversation = HarmonyConversation.from_messages([final("a secret")])

    def rendered(encoding: HarmonyEncoding) -> list[int]:
        return encoding.render_conversation_for_completion(
            conversation, Role.ASSISTANT, KEPT
        )

    assert rendered(keeping) == rendered(whole)
    assert not caplog.messages
    # As if an encoding rendered a message in one way alone, in another among others.
    monkeypatch.setattr(keeping, "render", lambda *_: [1])
    conversation.messages[0] = final("another secret")
    for _ in range(2):
        assert rendered(keeping) == rendered(whole)
    (message,) = caplog.messages
    assert CHECK_TOKENS in message
    assert "secret" not in message
