"""Nothing of an item is dropped, and none is a 500."""

import pytest
from harness.answers import chat_answer
from harness.client import Client, Item
from tool_conversation import WEATHER_TOOL, calls_of, result_of, user

pytestmark = pytest.mark.guards("all-parts")


def _message(*parts: Item) -> Item:
    return {"type": "message", "role": "assistant", "content": list(parts)}


def _text(text: str) -> Item:
    return {"type": "output_text", "text": text}


def _refusal(text: str) -> Item:
    return {"type": "refusal", "refusal": text}


@pytest.mark.parametrize(
    ("item", "texts"),
    [
        (_message(_text("one"), _text("two"), _text("three")), ["one", "two", "three"]),
        (_message(_refusal("I won't")), ["I won't"]),
        (_message(_text("so far"), _refusal("no more")), ["so far", "no more"]),
        (_message(), []),
        (
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [],
                "content": [
                    {"type": "reasoning_text", "text": "first"},
                    {"type": "reasoning_text", "text": "second"},
                ],
            },
            ["first", "second"],
        ),
        (
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [
                    {"type": "summary_text", "text": "in short"},
                    {"type": "summary_text", "text": "at length"},
                ],
            },
            ["in short", "at length"],
        ),
        (
            {"type": "message", "role": "assistant", "content": "a plain string"},
            ["a plain string"],
        ),
        (
            {
                "type": "function_call",
                "call_id": "call_1",
                "name": "get_weather",
                "arguments": '{"city": "San Fra',
            },
            ["San Fra"],
        ),
    ],
)
async def test_all_parts_reach_the_model(
    either_chat: Client, item: Item, texts: list[str]
) -> None:
    first = await either_chat.create(
        {"input": [user("before"), item, user("after")]}, chat_answer("ok")
    )
    assert first.status == 200, first.body
    second = await either_chat.create(
        {"input": "and now?", "previous_response_id": first.id}, chat_answer("ok")
    )
    for reply in (first, second):
        for text in ["before", *texts, "after"]:
            assert text in reply.prompt.text
    # With what is before and after it, the item stands alone: it is in the prompt
    # even where it has no text.
    assert first.prompt.text.count("<|im_start|>assistant") == 2


async def test_a_call_cut_short_does_not_end_the_conversation(chat: Client) -> None:
    first = await chat.create(
        {
            "input": "Weather?",
            "tools": [WEATHER_TOOL],
            "tool_choice": {"type": "function", "name": "get_weather"},
            "max_output_tokens": 30,
        },
        '<think></think>{"city": "Llanfairpwllgwyngyll"}',
    )
    (call,) = calls_of(first.output)
    assert call["arguments"].startswith('{"city": "Ll')
    second = await chat.create(
        {"input": result_of(call, "bad call"), "previous_response_id": first.id},
        chat_answer("Sorry."),
    )
    assert second.status == 200, second.body
    third = await chat.create(
        {"input": "Again.", "previous_response_id": second.id}, chat_answer("Sorry.")
    )
    assert third.status == 200, third.body
    assert "Llan" in third.prompt.text


@pytest.mark.parametrize(
    "item",
    [
        {
            "type": "web_search_call",
            "id": "ws_1",
            "status": "completed",
            "action": {"type": "search", "query": "q"},
        },
        {"type": "item_reference", "id": "msg_1"},
        {
            "type": "custom_tool_call",
            "call_id": "call_1",
            "name": "shell",
            "input": "ls",
        },
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": "a string"},
    ],
)
async def test_items_without_a_place_in_a_prompt_are_a_400(
    chat: Client, item: Item
) -> None:
    reply = await chat.create({"input": [item, user("hi")]}, chat_answer("ok"))
    assert reply.status == 400
    assert item["type"] in reply.error
    assert reply.body["error"]["param"] == "input"


async def test_encrypted_reasoning_is_a_400_that_names_input(chat: Client) -> None:
    reasoning = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [],
        "encrypted_content": "gAAAA",
    }
    reply = await chat.create({"input": [reasoning, user("hi")]}, chat_answer("ok"))
    assert reply.status == 400
    assert "Encrypted content is not supported" in reply.error
    assert reply.body["error"]["param"] == "input"
