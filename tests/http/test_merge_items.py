"""Contiguous assistant items become one chat message, replayed and chained."""

import pytest
from harness.answers import chat_answer
from harness.client import Client, Conversation
from tool_conversation import WEATHER_TOOL, user

# Where vLLM merges itself, it does not do so in a chained turn without the other one.
pytestmark = pytest.mark.guards("merge-items", "reconstruction")


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
