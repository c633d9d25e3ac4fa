"""What a chained turn puts before the model."""

from typing import Any

import pytest
from harness.answers import chat_answer
from harness.client import Client, Conversation
from tool_conversation import (
    FOLLOW_UP,
    QUESTION,
    WEATHER_TOOL,
    calls_of,
    result_of,
    user,
)

pytestmark = pytest.mark.guards("reconstruction")

CALL = ("get_weather", {"city": "San Francisco"})


@pytest.mark.parametrize("streamed", [False, True])
async def test_the_bug_report(chat: Client, streamed: bool) -> None:
    send = chat.stream if streamed else chat.create
    first = await send(
        {"input": QUESTION, "tools": [WEATHER_TOOL]},
        chat_answer("", CALL, reasoning="I need the weather tool."),
    )
    (call,) = calls_of(first.output)
    second = await send(
        {"input": result_of(call), "previous_response_id": first.id},
        chat_answer("It is 65F and foggy."),
    )
    third = await send(
        {"input": FOLLOW_UP, "previous_response_id": second.id}, chat_answer("65F.")
    )

    assert third.prompt.text == (
        f"<|im_start|>user\n{QUESTION}<|im_end|>\n"
        "<|im_start|>assistant\n[reasoning]I need the weather tool.[/reasoning]\n\n"
        f'[call {call["call_id"]}]get_weather({{"city": "San Francisco"}})<|im_end|>\n'
        f"<|im_start|>tool tool_call_id={call['call_id']}\n"
        '{"temp": "65F", "condition": "foggy"}<|im_end|>\n'
        "<|im_start|>assistant\nIt is 65F and foggy."
        "<|im_end|>\n"
        f"<|im_start|>user\n{FOLLOW_UP}<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


async def test_instructions_are_the_current_request_s_alone(chat: Client) -> None:
    first = await chat.create(
        {
            "input": [{"role": "system", "content": "system item"}, user("one")],
            "instructions": "instructions one",
        },
        chat_answer("answer one"),
    )
    second = await chat.create(
        {
            "input": [{"role": "developer", "content": "developer item"}, user("two")],
            "instructions": "instructions two",
            "previous_response_id": first.id,
        },
        chat_answer("answer two"),
    )
    third = await chat.create(
        {"input": "three", "previous_response_id": second.id}, chat_answer("3")
    )
    roles = [
        line.removeprefix("<|im_start|>").split()[0]
        for line in third.prompt.text.splitlines()
        if line.startswith("<|im_start|>")
    ]

    assert "instructions two" in second.prompt.text
    assert "instructions one" not in second.prompt.text
    assert "instructions" not in third.prompt.text
    assert roles == [
        "system",
        "user",
        "assistant",
        "developer",
        "user",
        "assistant",
        "user",
        "assistant",
    ]


async def test_parallel_calls_answered_over_several_turns(chat: Client) -> None:
    cities = ["Oslo", "Lima", "Pune"]
    first = await chat.create(
        {"input": "Weather in three cities?", "tools": [WEATHER_TOOL]},
        chat_answer("", *(("get_weather", {"city": city}) for city in cities)),
    )
    conversation = Conversation().extended("Weather in three cities?", first)
    for call, city in zip(calls_of(first.output), cities, strict=True):
        result = result_of(call, f"sunny in {city}")
        reply = await chat.create(
            conversation.chain_body(result), chat_answer(f"Noted {city}.")
        )
        replayed = await chat.create(
            conversation.replay_body(result), "<think></think>"
        )
        assert reply.prompt.token_ids == replayed.prompt.token_ids
        conversation = conversation.extended(result, reply)
    last = await chat.create(conversation.chain_body("Compare."), chat_answer("Done."))

    for call, city in zip(calls_of(first.output), cities, strict=True):
        assert f"[call {call['call_id']}]" in last.prompt.text
        assert f"sunny in {city}" in last.prompt.text
        assert f"Noted {city}." in last.prompt.text


async def test_history_the_client_brings_is_kept(chat: Client) -> None:
    brought = [
        user("old question"),
        {
            "type": "function_call",
            "call_id": "call_old",
            "name": "get_weather",
            "arguments": '{"city": "Rome"}',
        },
        {
            "type": "function_call_output",
            "call_id": "call_old",
            "output": [{"type": "input_text", "text": "old result"}],
        },
        {"role": "system", "content": "old system item"},
        user("new question"),
    ]
    first = await chat.create({"input": brought}, chat_answer("new answer"))
    second = await chat.create(
        {"input": "more", "previous_response_id": first.id}, chat_answer("yes")
    )

    for text in ("old question", "Rome", "old result", "old system item", "new answer"):
        assert text in second.prompt.text


async def test_an_answer_that_was_cut_short_is_kept(chat: Client) -> None:
    first = await chat.create(
        {"input": "Tell me.", "max_output_tokens": 30},
        chat_answer("a long story that does not end", reasoning="plan"),
    )
    assert first.body["status"] == "incomplete"
    second = await chat.create(
        {"input": "Go on.", "previous_response_id": first.id}, chat_answer("end")
    )
    assert "[reasoning]plan[/reasoning]\na long sto" in second.prompt.text


@pytest.mark.parametrize(
    "answer",
    [
        {"role": "assistant", "content": "Four."},
        {"type": "message", "role": "assistant", "content": "Four."},
        {
            "role": "assistant",
            "id": "msg_1",
            "content": [{"type": "output_text", "text": "Four.", "annotations": []}],
        },
    ],
    ids=["easy", "typed", "parts"],
)
async def test_an_answer_that_is_replayed_in_another_form(
    chat: Client, answer: dict[str, Any]
) -> None:
    """As clients send it back that keep a history of their own."""
    first = await chat.create(
        {"input": "2 + 2?"}, chat_answer("Four.", reasoning="Two and two.")
    )
    reasoning = first.output[0]
    conversation = Conversation().extended("2 + 2?", first, [reasoning, answer])
    chained = await chat.create(conversation.chain_body("Sure?"), chat_answer("Yes."))
    replayed = await chat.create(conversation.replay_body("Sure?"), chat_answer("Yes."))
    assert chained.prompt.token_ids == replayed.prompt.token_ids
