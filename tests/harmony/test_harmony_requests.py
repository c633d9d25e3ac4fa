"""gpt-oss: what belongs to a request, and what to the conversation."""

import asyncio
from typing import Any

import pytest
from harness.answers import analysis, final, harmony_answer, preamble
from harness.client import Client, Conversation
from harness.vllm_compat import is_since
from turns import (
    CALLING,
    DONE,
    LOOKUP,
    SEARCH,
    both,
    message,
    result,
    result_header,
    result_of,
    start,
)

pytestmark = pytest.mark.guards("harmony-reconstruction")


async def test_a_chained_request_has_its_own_parameters(harmony: Client) -> None:
    reply, conversation = await start(
        harmony,
        tools=[LOOKUP],
        instructions="Be brief.",
        reasoning={"effort": "low"},
    )

    reply = await both(
        harmony,
        conversation,
        result_of(reply),
        tools=[SEARCH],
        instructions="Be thorough.",
        reasoning={"effort": "high"},
    )

    prompt = reply.prompt.text
    assert "Be thorough." in prompt and "Be brief." not in prompt
    assert "Reasoning: high" in prompt and "Reasoning: low" not in prompt
    assert "Search for a key." in prompt and "Look up a key." not in prompt


async def test_parameters_of_earlier_requests_are_gone(harmony: Client) -> None:
    reply, conversation = await start(
        harmony, tools=[LOOKUP], instructions="Be brief.", reasoning={"effort": "low"}
    )

    reply = await both(harmony, conversation, result_of(reply))

    prompt = reply.prompt.text
    assert "Be brief." not in prompt and "Look up a key." not in prompt
    assert "Reasoning: medium" in prompt
    assert "<|start|>developer" not in prompt
    assert prompt.count("<|start|>system") == 1


async def test_instructions_without_function_tools_reach_the_model(
    harmony: Client,
) -> None:
    reply, conversation = await start(harmony, "Hello", DONE, instructions="Be brief.")
    assert "# Instructions\n\nBe brief." in reply.prompt.text

    chained = await both(harmony, conversation, "Go on", instructions="Be thorough.")
    assert "# Instructions\n\nBe thorough." in chained.prompt.text


async def test_instructions_in_the_system_message(
    harmony: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_GPT_OSS_HARMONY_SYSTEM_INSTRUCTIONS", "1")
    system = [message("system", "You are a pirate."), message("user", "Hello")]
    _, conversation = await start(harmony, system, DONE, instructions="Be brief.")

    reply = await both(harmony, conversation, "Go on", instructions="Be thorough.")

    assert "Be thorough." in reply.prompt.text.partition("<|end|>")[0]
    assert "You are a pirate." in reply.prompt.text
    assert "Be brief." not in reply.prompt.text


@pytest.mark.parametrize("role", ["developer", "system"])
async def test_items_of_an_earlier_input_stay(harmony: Client, role: str) -> None:
    said = [message(role, f"First {role} item."), message("user", "Hello")]
    _, conversation = await start(
        harmony, said, DONE, instructions="Be brief.", tools=[LOOKUP]
    )

    second = await both(harmony, conversation, [message(role, f"Second {role} item.")])
    conversation = conversation.extended(
        [message(role, f"Second {role} item.")], second
    )
    third = await both(harmony, conversation, "Go on", instructions="Be thorough.")

    assert f"First {role} item." in third.prompt.text
    assert f"Second {role} item." in third.prompt.text
    assert "Be brief." not in third.prompt.text


@pytest.mark.skipif(is_since("0.23.0"), reason="system items are developer messages")
async def test_the_first_system_item_of_the_conversation_is_the_identity(
    harmony: Client,
) -> None:
    _, conversation = await start(harmony, "Hello", DONE)
    parts = [
        {"type": "input_text", "text": "You are a pirate. "},
        {"type": "input_text", "text": "Speak as one."},
    ]
    late = [message("system", parts), message("user", "Hello")]

    second = await both(harmony, conversation, late)
    third = await both(harmony, conversation.extended(late, second), "Go on")

    identity = "<|start|>system<|message|>You are a pirate. Speak as one.\nKnowledge"
    assert second.prompt.text.startswith(identity)
    assert third.prompt.text.startswith(identity)
    assert third.prompt.text.count("pirate") == 1


@pytest.mark.skipif(not is_since("0.23.0"), reason="only instructions are these")
@pytest.mark.parametrize("role", ["developer", "system"])
async def test_what_a_conversation_begins_with_may_be_the_instructions(
    harmony: Client, role: str
) -> None:
    """vLLM takes it for the instructions of a request that has none."""
    opening = [message(role, "You are a pirate."), message("user", "Hello")]
    _, conversation = await start(harmony, opening, DONE, tools=[LOOKUP])

    second = await both(harmony, conversation, "Go on", instructions="Be brief.")
    conversation = conversation.extended("Go on", second)
    third = await both(harmony, conversation, "And then?", tools=[LOOKUP])

    assert "# Instructions\n\nBe brief." in second.prompt.text
    assert "Be brief." not in third.prompt.text
    for reply in (second, third):
        assert reply.prompt.text.count("You are a pirate.") == 1
    preamble = third.prompt.text.partition("<|start|>user")[0]
    assert preamble.count("<|start|>developer") == 1
    assert "Look up a key." in preamble


async def test_a_later_developer_item_stays_where_it_is(harmony: Client) -> None:
    late = [message("developer", "Speak as a pirate."), message("user", "Go on")]
    _, conversation = await start(harmony, "Hello", DONE)

    second = await both(harmony, conversation, late)
    conversation = conversation.extended(late, second)
    third = await both(harmony, conversation, "And then?", instructions="Be brief.")

    assert "Be brief." in third.prompt.text
    said = third.prompt.text.partition("Hello")[2]
    assert said.count("Speak as a pirate.") == 1


async def test_reasoning_is_left_out_alike(harmony: Client) -> None:
    """Harmony leaves reasoning out when the turn it led to has ended."""
    _, conversation = await start(
        harmony, "Hello", harmony_answer(analysis("First thought."), final("Hi."))
    )
    second = await both(
        harmony,
        conversation,
        "What is a?",
        harmony_answer(analysis("Second thought."), final("a is a.")),
    )
    assert "First thought." not in second.prompt.text
    conversation = conversation.extended("What is a?", second)
    third = await both(harmony, conversation, "And b?", CALLING, tools=[LOOKUP])
    conversation = conversation.extended("And b?", third)
    fourth = await both(harmony, conversation, result_of(third))
    assert "Need a." in fourth.prompt.text


async def test_history_in_vllms_own_field_is_part_of_the_conversation(
    harmony: Client,
) -> None:
    history = [
        {"role": "user", "content": "Look at b."},
        {
            "author": {"role": "assistant"},
            "content": "b is 7.",
            "channel": "final",
        },
    ]
    first = await harmony.create(
        {"input": "What is a?", "previous_input_messages": history}, DONE
    )
    conversation = Conversation().extended("What is a?", first)

    chained = await harmony.create(
        conversation.chain_body("Go on", instructions="Be brief."), DONE
    )
    replayed = await harmony.create(
        conversation.replay_body(
            "Go on", previous_input_messages=history, instructions="Be brief."
        ),
        DONE,
    )

    assert "b is 7." in chained.prompt.text and "Be brief." in chained.prompt.text
    assert list(chained.prompt.token_ids) == list(replayed.prompt.token_ids)


async def test_a_call_in_vllms_own_field_can_be_answered(harmony: Client) -> None:
    function = {"name": "lookup", "arguments": '{"key": "b"}'}
    history = [
        {"role": "user", "content": "What is b?"},
        {"role": "assistant", "tool_calls": [{"id": "call_b", "function": function}]},
    ]
    asked = {"previous_input_messages": history, "tools": [LOOKUP]}

    at_once = await harmony.create({"input": result("call_b"), **asked}, DONE)
    first = await harmony.create({"input": "Meanwhile?", **asked}, DONE)
    late = await harmony.create(
        {"input": result("call_b"), "previous_response_id": first.id}, DONE
    )

    for reply in (at_once, late):
        assert reply.status == 200, reply.body
        assert result_header("functions.lookup") in reply.prompt.text


async def test_what_a_cancelled_response_had_said_is_not_part_of_it(
    harmony: Client,
) -> None:
    """Its output is empty, so that is what a client would replay."""
    body = {
        "input": "Tell me.",
        "request_id": "resp_cancelled",
        "background": True,
        "stream": True,
    }
    answer = harmony_answer(preamble("I shall tell."), final("word " * 5000))
    responses = harmony.server.app.state.openai_serving_responses
    streaming = asyncio.create_task(harmony.stream(body, answer))
    while not _has_closed_an_item(responses.event_store.get("resp_cancelled")):
        await asyncio.sleep(0)
    # Its client has not been told of it yet.
    while (await harmony.retrieve("resp_cancelled")).status == 404:
        await asyncio.sleep(0)
    await harmony.cancel("resp_cancelled")
    streaming.cancel()

    cancelled = await harmony.retrieve("resp_cancelled")
    assert cancelled.body["status"] == "cancelled" and cancelled.output == []
    conversation = Conversation().extended("Tell me.", cancelled)
    reply = await both(harmony, conversation, "Go on", instructions="Be brief.")

    assert "I shall tell." not in reply.prompt.text


def _has_closed_an_item(events: Any) -> bool:
    done = "response.output_item.done"
    return events is not None and any(event.type == done for event in events[0])
