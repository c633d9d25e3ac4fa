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
NOTHING = {"arguments": "{}"}
TEXT = {"content": [{"type": "output_text", "text": "x"}]}


@pytest.mark.parametrize(
    ("item", "path", "problem"),
    [
        (7, "input[2]", "is not an object"),
        ({"foo": 1}, "input[2]", "has neither a type nor a role"),
        ({"type": "nonsense"}, "input[2]", "is not a valid item of type 'nonsense'"),
        ({"type": 7}, "input[2].type", "is not a text"),
        (
            {"role": "tool", "content": "x"},
            "input[2].role",
            "is 'tool', which is not one of user, assistant, system, developer",
        ),
        ({"role": 7, "content": "x"}, "input[2].role", "is not a text"),
        (
            {"role": "x" * 100, "content": "x"},
            "input[2].role",
            f"is '{'x' * 60}', which is not one of user, assistant, system, developer",
        ),
        ({"role": "user"}, "input[2].content", "is missing"),
        ({"role": "assistant", "content": None}, "input[2].content", "is missing"),
        (
            {"role": "user", "content": 7},
            "input[2].content",
            "is neither a text nor a list of parts",
        ),
        (
            {"role": "user", "content": [{"type": "input_text"}]},
            "input[2].content[0].text",
            "is missing",
        ),
        (
            {"role": "user", "content": [{"type": "input_text", "text": "x"}, "y"]},
            "input[2].content[1]",
            "is not an object",
        ),
        (
            {"role": "assistant", "content": [{"type": "video"}]},
            "input[2].content[0].type",
            "is 'video', not one of output_text, refusal, input_text, input_image, "
            "input_file",
        ),
        ({**CALL, "arguments": None}, "input[2].arguments", "is missing"),
        ({**CALL, "name": 7}, "input[2].name", "is not a text"),
        (RESULT, "input[2].output", "is missing"),
        (
            {**RESULT, "output": {"temp": 65}},
            "input[2].output",
            "is neither a text nor a list of parts",
        ),
        (
            {**RESULT, "output": [{"text": "x"}]},
            "input[2].output[0].type",
            "is missing",
        ),
        (
            {"role": "assistant", "content": [{"type": 7}]},
            "input[2].content[0].type",
            "is not a text",
        ),
        *(
            (item, "input[2]", f"is not a valid item of type '{item['type']}'")
            for item in (
                {"type": "web_search_call"},
                # What is wrong with these is in no field that is looked at.
                {**CALL, "status": 7},
                {**RESULT, "output": "x", "status": 7},
                {
                    "type": "mcp_call",
                    "id": 7,
                    "name": "a",
                    "server_label": "b",
                    **NOTHING,
                },
                {"type": "reasoning", "id": 7, "summary": [], "content": None},
                {"type": "message", "role": "assistant", **TEXT, "status": 7},
            )
        ),
        (
            {"type": "custom_tool_call_output", "output": "x"},
            "input[2].call_id",
            "is missing",
        ),
        (
            {"type": "custom_tool_call_output", "call_id": "call_1"},
            "input[2].output",
            "is missing",
        ),
        (
            {"type": "custom_tool_call", "call_id": "call_1", "name": "a"},
            "input[2].input",
            "is missing",
        ),
        (
            {"type": "custom_tool_call", "call_id": "call_1", "input": "a"},
            "input[2].name",
            "is missing",
        ),
        (
            {"type": "custom_tool_call", "name": "a", "input": "a"},
            "input[2].call_id",
            "is missing",
        ),
        (
            {"type": "mcp_call", "id": 7, "server_label": "b", **NOTHING},
            "input[2].name",
            "is missing",
        ),
        (
            {"type": "mcp_call", "id": 7, "name": "a", **NOTHING},
            "input[2].server_label",
            "is missing",
        ),
        (
            {"type": "mcp_call", "id": 7, "name": "a", "server_label": "b"},
            "input[2].arguments",
            "is missing",
        ),
        ({"type": "item_reference", "id": 7}, "input[2].id", "is not a text"),
        # vLLM reads parts of reasoning when it makes the prompt, so something else is
        # wrong as well.
        (
            {"type": "reasoning", "id": 7, "summary": "x"},
            "input[2].summary",
            "is not a list of parts",
        ),
        (
            {"type": "reasoning", "id": 7, "summary": [{"type": "summary_text"}]},
            "input[2].summary[0].text",
            "is missing",
        ),
        (
            {"type": "reasoning", "id": 7, "summary": [{"type": "x"}], "content": "y"},
            "input[2].summary[0].type",
            "is 'x', not one of summary_text",
        ),
        (
            {"type": "reasoning", "id": 7, "content": [{"type": "reasoning_text"}]},
            "input[2].content[0].text",
            "is missing",
        ),
        (
            {"type": "reasoning", "id": 7, "content": [{"type": "x"}]},
            "input[2].content[0].type",
            "is 'x', not one of reasoning_text",
        ),
        (
            {"role": "assistant", "content": [{"type": "refusal"}], "status": 7},
            "input[2].content[0].refusal",
            "is missing",
        ),
        (
            {"role": "user", "content": [{"type": "input_image"}, {"type": "x"}]},
            "input[2].content[1].type",
            "is 'x', not one of input_text, input_image, input_file",
        ),
        (
            {"role": "user", "content": [{"type": "input_file"}, {"type": "text"}]},
            "input[2].content[1].text",
            "is missing",
        ),
        (
            {**RESULT, "output": [{"type": "output_text"}]},
            "input[2].output[0].text",
            "is missing",
        ),
    ],
)
@pytest.mark.guards("input-errors")
async def test_an_item_that_is_not_valid(
    chat: Client, item: Any, path: str, problem: str
) -> None:
    body = {"input": [user("one"), user("two"), item, {"foo": 2}]}
    reply = await chat.create(body, chat_answer("ok"))
    assert reply.refusal == (400, "Bad Request", path, f"{path} {problem}.")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "is missing"),
        (7, "is neither a text nor a list of items"),
        ({"role": "user", "content": "x"}, "is neither a text nor a list of items"),
    ],
)
@pytest.mark.guards("input-errors")
async def test_an_input_that_is_not_valid(
    chat: Client, value: Any, problem: str
) -> None:
    reply = await chat.create({"input": value}, chat_answer("ok"))
    assert reply.refusal == (400, "Bad Request", "input", f"input {problem}.")


async def test_other_fields_are_told_by_vllm(chat: Client) -> None:
    body = {"input": [user("one")], "temperature": "warm"}
    reply = await chat.create(body, chat_answer("ok"))
    assert reply.status == 400
    assert "temperature" in reply.error
