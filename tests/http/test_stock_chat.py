"""What stock vLLM does wrong on the chat template path.

Each test asserts the wrong behaviour. A release in which one fails has mended it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from harness.answers import chat_answer
from harness.app import environment
from harness.client import Client, Conversation, Reply
from harness.scripted_engine import Answer

pytestmark = pytest.mark.usefixtures("stock")

LOOKUP = {
    "type": "function",
    "name": "lookup",
    "description": "Look up a key.",
    "parameters": {"type": "object", "properties": {"key": {"type": "string"}}},
    "strict": False,
}
CALLING = chat_answer("Let me look.", ("lookup", {"key": "a"}), reasoning="Need a.")
DONE = chat_answer("Done.")


def tool_result(call: dict[str, Any], output: Any) -> list[dict[str, Any]]:
    return [
        {"type": "function_call_output", "call_id": call["call_id"], "output": output}
    ]


async def chain_and_replay(
    client: Client,
    conversation: Conversation,
    new_input: str | Sequence[dict[str, Any]],
    **params: Any,
) -> tuple[Reply, Reply]:
    chained = await client.create(conversation.chain_body(new_input, **params), DONE)
    replayed = await client.create(conversation.replay_body(new_input, **params), DONE)
    return chained, replayed


async def test_calls_and_reasoning_are_dropped_when_chained(chat: Client) -> None:
    first = await chat.create({"input": "What is a?", "tools": [LOOKUP]}, CALLING)
    conversation = Conversation().extended("What is a?", first)
    call = first.output[-1]

    chained, replayed = await chain_and_replay(
        chat, conversation, tool_result(call, "42"), tools=[LOOKUP]
    )

    assert "[reasoning]Need a.[/reasoning]" in replayed.prompt.text
    assert "Need a." not in chained.prompt.text
    assert f"[call {call['call_id']}]lookup" in replayed.prompt.text
    assert "[call " not in chained.prompt.text


async def test_system_items_are_dropped_with_the_instructions(chat: Client) -> None:
    first_input = [
        {"role": "system", "content": "The user is left-handed."},
        {"role": "user", "content": "Hello"},
    ]
    first = await chat.create({"input": first_input, "instructions": "Be brief."}, DONE)
    conversation = Conversation().extended(first_input, first)

    chained, replayed = await chain_and_replay(chat, conversation, "And now?")

    assert "left-handed" in replayed.prompt.text
    assert "left-handed" not in chained.prompt.text
    assert "Be brief." not in chained.prompt.text


@pytest.mark.mended("0.32.0", "what a stream has shown is what is stored")
async def test_streamed_ids_are_not_the_stored_ones(chat: Client) -> None:
    streamed = await chat.stream({"input": "What is a?", "tools": [LOOKUP]}, CALLING)
    stored = await chat.retrieve(streamed.id)

    assert [item["type"] for item in streamed.streamed_output] == [
        item["type"] for item in stored.output
    ]
    for seen, kept in zip(streamed.streamed_output, stored.output, strict=True):
        assert seen["id"] != kept["id"]
    assert streamed.streamed_output[-1]["call_id"] != stored.output[-1]["call_id"]


async def test_later_text_parts_of_an_assistant_message_are_dropped(
    chat: Client,
) -> None:
    reply = await chat.create({"input": assistant_turn("One.", "Two.")}, DONE)

    assert "One." in reply.prompt.text
    assert "Two." not in reply.prompt.text


@pytest.mark.parametrize(
    "content", [[], [{"type": "refusal", "refusal": "I won't."}]], ids=str
)
async def test_an_assistant_message_without_text_is_an_internal_error(
    chat: Client, content: list[dict[str, Any]]
) -> None:
    items = assistant_turn("replaced")
    items[1]["content"] = content

    reply = await chat.create({"input": items}, DONE)

    assert reply.status == 500
    assert reply.prompts == []


def assistant_turn(*texts: str) -> list[dict[str, Any]]:
    return [
        {"type": "message", "role": "user", "content": "Hello"},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": text} for text in texts],
        },
        {"type": "message", "role": "user", "content": "Go on"},
    ]


async def test_chaining_on_a_background_response_loses_its_output(
    chat: Client,
) -> None:
    gate = asyncio.Event()
    body = {"input": "Take your time.", "background": True}
    background = await chat.create(body, Answer("<think></think>Slow.", gate=gate))
    assert background.body["status"] == "queued"

    chained = await chat.create(
        {"input": "Well?", "previous_response_id": background.id}, DONE
    )
    gate.set()
    finished = await chat.wait(background.id)

    assert finished.output[0]["content"][0]["text"] == "Slow."
    assert chained.status == 200
    assert "Take your time." in chained.prompt.text
    assert "Slow." not in chained.prompt.text


async def test_chaining_with_the_parser_context_is_an_internal_error(
    chat: Client,
) -> None:
    with environment(parser_context=True):
        first = await chat.create({"input": "Hello"}, chat_answer("Hi.", reasoning="r"))
        chained = await chat.create(
            {"input": "Again", "previous_response_id": first.id}, DONE
        )

    assert first.output[-1]["content"][0]["text"] == "Hi."
    assert chained.status == 500
    assert chained.prompts == []


@pytest.mark.mended("0.29.0", "arguments that are no object are an empty one")
async def test_rendering_a_call_rewrites_the_stored_one(chat: Client) -> None:
    items = [
        {"role": "user", "content": "Hello"},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": '"12"'},
        {"type": "function_call_output", "call_id": "c", "output": "Result."},
    ]
    first = await chat.create({"input": items}, DONE)

    chained = await chat.create(
        {"input": "Again", "previous_response_id": first.id}, DONE
    )

    assert 'f("12")' in first.prompt.text
    assert "f(12)" in chained.prompt.text


async def test_text_that_is_validated_late_is_gone_after_the_first_turn(
    chat: Client,
) -> None:
    # Log probabilities as a stream's events have them, without "bytes".
    logprobs = [{"token": "One.", "logprob": 0}]
    items = assistant_turn("One.")
    items[1] |= {"id": "msg_1", "status": "completed"}
    items[1]["content"][0] |= {"annotations": [], "logprobs": logprobs}
    first = await chat.create({"input": items}, DONE)

    chained = await chat.create(
        {"input": "Again", "previous_response_id": first.id}, DONE
    )

    assert "One." in first.prompt.text
    assert "One." not in chained.prompt.text


@pytest.mark.parametrize(
    "tools",
    [
        pytest.param(
            [],
            id="no tools",
            marks=pytest.mark.mended("0.23.0", "both are text without tools"),
        ),
        pytest.param(
            [LOOKUP],
            id="tools",
            marks=pytest.mark.mended("0.32.0", "the call is stored, incomplete"),
        ),
    ],
)
async def test_a_stream_shows_a_call_that_is_stored_as_text(
    chat: Client, tools: list[dict[str, Any]]
) -> None:
    answer = (
        CALLING if not tools else Answer(str(CALLING.content)[:-20], truncated=True)
    )

    reply = await chat.stream({"input": "What is a?", "tools": tools}, answer)

    assert reply.streamed_output[-1]["type"] == "function_call"
    assert [item["type"] for item in reply.output] == ["reasoning", "message"]
    assert "<tool_call>" in reply.output[-1]["content"][0]["text"]
