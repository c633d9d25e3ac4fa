"""What is wrong with an input is one sentence, with the path to it."""

from typing import Any

import pytest
from harness.answers import chat_answer
from harness.client import Client
from tool_conversation import user

CALL = {
    "type": "function_call",
    "call_id": "call_1",
    "name": "get_weather",
    "arguments": "{}",
}
RESULT = {"type": "function_call_output", "call_id": "call_1"}


@pytest.mark.parametrize(
    ("item", "path"),
    [
        (7, "input[2]"),
        ({"foo": 1}, "input[2]"),
        ({"type": "nonsense"}, "input[2]"),
        ({"role": "tool", "content": "x"}, "input[2].role"),
        ({"role": "user"}, "input[2].content"),
        ({"role": "assistant", "content": None}, "input[2].content"),
        ({"role": "user", "content": 7}, "input[2].content"),
        (
            {"role": "user", "content": [{"type": "input_text"}]},
            "input[2].content[0].text",
        ),
        (
            {"role": "user", "content": [{"type": "input_text", "text": "x"}, "y"]},
            "input[2].content[1]",
        ),
        (
            {"role": "assistant", "content": [{"type": "video"}]},
            "input[2].content[0].type",
        ),
        ({**CALL, "arguments": None}, "input[2].arguments"),
        ({**CALL, "name": 7}, "input[2].name"),
        (RESULT, "input[2].output"),
        ({**RESULT, "output": {"temp": 65}}, "input[2].output"),
        ({**RESULT, "output": [{"text": "x"}]}, "input[2].output[0].type"),
        ({"type": "web_search_call"}, "input[2]"),
    ],
)
@pytest.mark.guards("input-errors")
async def test_an_item_that_is_not_valid(chat: Client, item: Any, path: str) -> None:
    body = {"input": [user("one"), user("two"), item, {"foo": 2}]}
    reply = await chat.create(body, chat_answer("ok"))
    assert reply.status == 400
    assert reply.body["error"]["param"] == path
    assert reply.error.startswith(f"{path} ")
    assert reply.error.endswith(".")
    assert len(reply.error) < 200


@pytest.mark.parametrize("value", [None, 7, {"role": "user", "content": "x"}])
@pytest.mark.guards("input-errors")
async def test_an_input_that_is_not_valid(chat: Client, value: Any) -> None:
    reply = await chat.create({"input": value}, chat_answer("ok"))
    assert reply.status == 400
    assert reply.body["error"]["param"] == "input"
    assert len(reply.error) < 100


async def test_other_fields_are_told_by_vllm(chat: Client) -> None:
    body = {"input": [user("one")], "temperature": "warm"}
    reply = await chat.create(body, chat_answer("ok"))
    assert reply.status == 400
    assert "temperature" in reply.error
