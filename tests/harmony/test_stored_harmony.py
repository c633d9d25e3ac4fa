"""Conversations with gpt-oss whose turns go to one process after the other."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from harmony_path import HarmonyPath
from harness.answers import analysis, chat_text, final, harmony_answer
from harness.app import ServerFactory
from harness.client import Client, Conversation
from harness.event_loop import EventLoopThread
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from shared_store import (
    SharedStoreMachine,
    close,
    sqlite_settings,
    start_with_store,
    stored_by,
)
from test_conversation_machine import HarmonyMachine
from turns import (
    CALLING,
    DONE,
    LOOKUP,
    both,
    message,
    result,
    result_header,
    result_of,
    start,
)

import vllm_responses_fix
from vllm_responses_fix.settings import DISABLED_PATCHES


class SharedHarmonyMachine(SharedStoreMachine, HarmonyMachine):
    """Both."""


class RememberingHarmonyMachine(SharedHarmonyMachine):
    forgets = False


@pytest.mark.guards("stored-responses", "harmony-reconstruction")
@pytest.mark.parametrize("machine", [SharedHarmonyMachine, RememberingHarmonyMachine])
def test_chained_equals_replayed_on_another_server(
    machine: type[SharedHarmonyMachine],
    harmony_server_factory: ServerFactory,
    event_loop_thread: EventLoopThread,
    tmp_path: Path,
) -> None:
    run_state_machine_as_test(
        lambda: machine(
            harmony_server_factory,
            event_loop_thread,
            HarmonyPath(),
            sqlite_settings(tmp_path),
        ),
        settings=settings(
            max_examples=10 + settings.default.max_examples // 100,
            stateful_step_count=10,
        ),
    )


@pytest.mark.guards("stored-responses")
async def test_a_conversation_moves_between_models(
    harmony_server_factory: ServerFactory,
    chat_server_factory: ServerFactory,
    tmp_path: Path,
) -> None:
    """Begun on a chat template, continued on gpt-oss, and back."""
    store = sqlite_settings(tmp_path)
    chat, harmony = chat_server_factory, harmony_server_factory
    conversation = Conversation()
    for number, (factory, answer) in enumerate(
        [
            (chat, chat_text("Zero.", reasoning="Let me count.")),
            (harmony, harmony_answer(analysis("Counting."), final("One."))),
            (harmony, harmony_answer(final("Two."))),
            (chat, chat_text("Three.")),
            (harmony, harmony_answer(final("Four."))),
        ]
    ):
        # vLLM keeps the parsers of a model in a class: one server at a time.
        servers = await start_with_store(factory, 1, **store)
        client = Client(servers[0])
        say = f"Say {number}."
        replayed = await client.create(
            conversation.replay_body(say, store=False), answer
        )
        reply = await client.create(conversation.chain_body(say), answer)
        assert reply.status == 200, reply.body
        assert reply.prompt.text == replayed.prompt.text
        conversation = conversation.extended(say, reply)
        await close(servers)


@pytest.mark.guards("stored-responses")
async def test_what_has_no_form_for_another_model_is_said(
    harmony_server_factory: ServerFactory,
    chat_server_factory: ServerFactory,
    tmp_path: Path,
) -> None:
    """gpt-oss needs the name of the function that a result is of."""
    store = sqlite_settings(tmp_path)
    servers = await start_with_store(chat_server_factory, 1, **store)
    first = await Client(servers[0]).create({"input": result("call_1")}, "I see.")
    await close(servers)
    servers = await start_with_store(harmony_server_factory, 1, **store)
    refused = await Client(servers[0]).create(
        {"input": "Go on.", "previous_response_id": first.id}, DONE
    )
    await close(servers)
    assert refused.status == 400
    assert "call_1" in refused.error


@pytest.mark.guards("stored-responses")
async def test_a_response_with_its_messages_is_read_as_it_was_sent(
    harmony: Client,
) -> None:
    answer = harmony_answer(analysis("Counting."), final("One."))
    made = await harmony.create(
        {"input": "Hi.", "enable_response_messages": True}, answer
    )
    assert made.response["input_messages"]
    stored_by(harmony.server).cache.clear()
    assert (await harmony.retrieve(made.id)).body == made.body


@pytest.mark.guards("stored-responses")
@pytest.mark.parametrize("marked", [True, False])
async def test_what_is_read_from_the_store_is_continued_as_vllm_would(
    marked: bool, harmony: Client
) -> None:
    """Where `harmony-reconstruction` does not go in, as after an upgrade of vLLM."""
    asked = {
        "input": "What is a?",
        "tools": [LOOKUP],
        "instructions": "Be brief.",
        "reasoning": {"effort": "high"},
    }
    with without_reconstruction():
        unmarked = await harmony.create(asked, CALLING)
        body = {"input": result_of(unmarked), "previous_response_id": unmarked.id}
        expected = await harmony.create(body, DONE)
    if marked:
        first = await harmony.create(asked, CALLING)
        body = {"input": result_of(first), "previous_response_id": first.id}
    stored_by(harmony.server).cache.clear()
    with without_reconstruction():
        chained = await harmony.create(body, DONE)

    assert "lookup" in expected.prompt.text.partition("<|start|>user")[0]
    assert chained.prompt.text == expected.prompt.text


@pytest.mark.guards("stored-responses", "harmony-reconstruction")
async def test_the_result_of_an_earlier_call_comes_late(harmony: Client) -> None:
    """When another process goes on, which has read the call from the store."""
    called, conversation = await start(harmony, tools=[LOOKUP])
    waiting = await both(harmony, conversation, "Take your time.", tools=[LOOKUP])
    conversation = conversation.extended("Take your time.", waiting)
    stored_by(harmony.server).cache.clear()

    chained = await both(harmony, conversation, result_of(called))

    assert result_header("functions.lookup") + "42<|end|>" in chained.prompt.text


@pytest.mark.guards("stored-responses", "harmony-reconstruction")
async def test_what_another_release_has_begun_is_made_of_its_items(
    harmony: Client,
) -> None:
    """From 0.23 on vLLM takes the beginning of a conversation in another way."""
    asked = [message("system", "You are Max."), message("user", "Hi.")]
    first, conversation = await start(harmony, asked, DONE)
    store = stored_by(harmony.server).store
    record = store.get(first.id, "")
    body = json.loads(record.body)
    assert body["harmony"]["beginning"]
    body["harmony"]["beginning"] = {"as_in_no_release": "You are Max."}
    others = replace(record, id="resp_others", body=json.dumps(body).encode())
    assert store.put(others)

    conversation = replace(conversation, response_id="resp_others")
    chained = await both(harmony, conversation, "Go on.")

    assert "You are Max." in chained.prompt.text


@contextmanager
def without_reconstruction() -> Iterator[None]:
    vllm_responses_fix.uninstall()
    with pytest.MonkeyPatch.context() as environment:
        switched_off = f"{os.environ.get(DISABLED_PATCHES, '')},harmony-reconstruction"
        environment.setenv(DISABLED_PATCHES, switched_off)
        vllm_responses_fix.install()
        try:
            yield
        finally:
            vllm_responses_fix.uninstall()
    vllm_responses_fix.install()
