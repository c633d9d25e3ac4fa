"""Contiguous assistant items become one chat message, replayed and chained."""

from typing import Any

import pytest
from harness.answers import chat_answer
from harness.client import Client, Conversation, Item
from tool_conversation import WEATHER_TOOL, user

# Where vLLM merges itself, it does not do so in a chained turn without the other one.
merging = pytest.mark.guards("merge-items", "reconstruction")


@merging
async def test_a_turn_of_reasoning_text_and_calls_is_one_message(chat: Client) -> None:
    first = await chat.create(
        {"input": "Weather?", "tools": [WEATHER_TOOL]},
        chat_answer(
            "Let me look.",
            ("get_weather", {"city": "Oslo"}),
            ("get_weather", {"city": "Lima"}),
            reasoning="Two calls.",
        ),
    )
    types = [item["type"] for item in first.output]
    assert types == ["reasoning", "message", "function_call", "function_call"]
    conversation = Conversation().extended("Weather?", first)
    calls = [item["call_id"] for item in first.output[2:]]
    for body in (conversation.chain_body("?"), conversation.replay_body("?")):
        reply = await chat.create(body, chat_answer("Soon."))
        assert (
            "<|im_start|>assistant\n[reasoning]Two calls.[/reasoning]\nLet me look.\n"
            f'[call {calls[0]}]get_weather({{"city": "Oslo"}})\n'
            f'[call {calls[1]}]get_weather({{"city": "Lima"}})<|im_end|>'
        ) in reply.prompt.text


@merging
async def test_a_new_input_that_goes_on_for_the_assistant(chat: Client) -> None:
    first = await chat.create({"input": "Weather?"}, chat_answer("Let me look."))
    conversation = Conversation().extended("Weather?", first)
    call = {
        "type": "function_call",
        "call_id": "call_1",
        "name": "get_weather",
        "arguments": "{}",
    }
    new_input = [call, user("Well?")]
    chained = await chat.create(conversation.chain_body(new_input), chat_answer("."))
    replayed = await chat.create(conversation.replay_body(new_input), chat_answer("."))
    sibling = await chat.create(conversation.chain_body("Well?"), chat_answer("."))

    assert chained.prompt.token_ids == replayed.prompt.token_ids
    assert "Let me look.\n[call call_1]get_weather({})<|im_end|>" in chained.prompt.text
    assert "call_1" not in sibling.prompt.text


THOUGHT: Item = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [],
    "content": [{"type": "reasoning_text", "text": "think"}],
}
CALL: Item = {
    "type": "function_call",
    "call_id": "call_1",
    "name": "get_weather",
    "arguments": "{}",
}
RESULT: Item = {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}
PART: Item = {"type": "output_text", "text": "x"}
# As the server writes an answer.
IN_FULL: Item = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{**PART, "annotations": []}],
}


@pytest.mark.guards("reconstruction")
@pytest.mark.parametrize(
    "said",
    [
        {"role": "assistant", "content": "x"},
        {"type": "message", "role": "assistant", "content": "x"},
        {"role": "assistant", "id": "msg_1", "content": [{**PART, "annotations": []}]},
        pytest.param(
            {"role": "assistant", "content": [PART]},
            marks=pytest.mark.guards("input-forms"),
        ),
    ],
    ids=["plain", "typed", "with-id", "parts"],
)
@pytest.mark.parametrize(
    ("before", "after"),
    [([THOUGHT], []), ([THOUGHT, CALL], [RESULT]), ([CALL], [RESULT])],
    ids=["reasoning", "reasoning-and-call", "call"],
)
async def test_an_answer_is_merged_in_whatever_form_it_is(
    chat: Client, said: Any, before: list[Item], after: list[Item]
) -> None:
    history = [user("Weather?"), *before, said, *after, user("And?")]
    first = await chat.create(
        {"input": history}, chat_answer("Let me look.", reasoning="Again.")
    )
    conversation = Conversation().extended(history, first)
    new_input = [*before, said, *after, user("Well?")]
    chained = await chat.create(conversation.chain_body(new_input), chat_answer("."))
    replayed = await chat.create(conversation.replay_body(new_input), chat_answer("."))
    assert chained.prompt.text == replayed.prompt.text
    assert chained.prompt.token_ids == replayed.prompt.token_ids
    normal = await chat.create(
        {
            "input": [
                item if item is not said else IN_FULL
                for item in [*history, *first.output, *new_input]
            ]
        },
        chat_answer("."),
    )
    assert normal.prompt.text == replayed.prompt.text
