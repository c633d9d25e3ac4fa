"""Nothing of an item is dropped, and none is a 500."""

from typing import Any

import pytest
from harness.answers import chat_answer
from harness.client import Client, Conversation, Item
from harness.vllm_compat import (
    CUSTOM_TOOL_CALLS_ARE_RENDERED,
    CUT_CALLS_ARE_TEXT,
)
from tool_conversation import WEATHER_TOOL, calls_of, result_of, user
from wire_items import WITHOUT_A_PLACE

CUSTOM_TOOL_CALL = {
    "type": "custom_tool_call",
    "call_id": "call_1",
    "name": "shell",
    "input": "ls",
}


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
    ],
)
@pytest.mark.guards("all-parts")
async def test_all_parts_reach_the_model(
    either_chat: Client, item: Item, texts: list[str]
) -> None:
    await _assert_texts_reach_the_model(either_chat, item, texts)


@pytest.mark.guards("all-parts", until="0.25.0")
async def test_a_plain_string_reaches_the_model(either_chat: Client) -> None:
    item = {"type": "message", "role": "assistant", "content": "a plain string"}
    await _assert_texts_reach_the_model(either_chat, item, ["a plain string"])


@pytest.mark.guards("all-parts", until="0.29.0")
@pytest.mark.guards("call-arguments")
async def test_a_call_cut_short_in_the_input(either_chat: Client) -> None:
    item = {
        "type": "function_call",
        "call_id": "call_1",
        "name": "get_weather",
        "arguments": '{"city": "San Fra',
    }
    await _assert_texts_reach_the_model(either_chat, item, ["call_1", "San Fra"])


async def _assert_texts_reach_the_model(
    client: Client, item: Item, texts: list[str]
) -> None:
    first = await client.create(
        {"input": [user("before"), item, user("after")]}, chat_answer("ok")
    )
    assert first.status == 200, first.body
    second = await client.create(
        {"input": "and now?", "previous_response_id": first.id}, chat_answer("ok")
    )
    for reply in (first, second):
        for text in ["before", *texts, "after"]:
            assert text in reply.prompt.text
    # With what is before and after it, the item stands alone: it is in the prompt
    # even where it has no text.
    assert first.prompt.text.count("<|im_start|>assistant") == 2


@pytest.mark.guards("all-parts", until="0.24.0")
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
    if CUT_CALLS_ARE_TEXT:
        new_input: str | list[Item] = "bad call"
    else:
        (call,) = calls_of(first.output)
        assert call["arguments"].startswith('{"city": "Ll')
        new_input = result_of(call, "bad call")
    second = await chat.create(
        {"input": new_input, "previous_response_id": first.id},
        chat_answer("Sorry."),
    )
    assert second.status == 200, second.body
    third = await chat.create(
        {"input": "Again.", "previous_response_id": second.id}, chat_answer("Sorry.")
    )
    assert third.status == 200, third.body
    assert "Llan" in third.prompt.text


@pytest.mark.parametrize("item", WITHOUT_A_PLACE)
@pytest.mark.guards("all-parts", until="0.30.0")
async def test_items_without_a_place_in_a_prompt_are_a_400(
    chat: Client, item: Item
) -> None:
    await _assert_is_refused(chat, item)


@pytest.mark.guards("all-parts", until="0.30.0")
async def test_calls_of_custom_tools_are_rendered_or_a_400(chat: Client) -> None:
    if not CUSTOM_TOOL_CALLS_ARE_RENDERED:
        await _assert_is_refused(chat, CUSTOM_TOOL_CALL)
        return
    first = await chat.create({"input": [CUSTOM_TOOL_CALL]}, chat_answer("ok"))
    assert '[call call_1]shell({"input": "ls"})' in first.prompt.text
    result = {"type": "custom_tool_call_output", "call_id": "call_1", "output": "a.py"}
    conversation = Conversation().extended([CUSTOM_TOOL_CALL], first)
    chained = await chat.create(conversation.chain_body([result]), chat_answer("ok"))
    replayed = await chat.create(conversation.replay_body([result]), chat_answer("ok"))
    assert chained.prompt.text == replayed.prompt.text
    assert "tool_call_id=call_1\na.py" in chained.prompt.text


async def _assert_is_refused(chat: Client, item: Item) -> None:
    reply = await chat.create({"input": [item, user("hi")]}, chat_answer("ok"))
    assert reply.status == 400
    kind = item["type"]
    if CUSTOM_TOOL_CALLS_ARE_RENDERED:
        said = f"Unsupported input item type: {kind} (parameter=input)"
    elif kind == "reasoning":
        said = (
            "An input item of type 'reasoning' is not valid. (parameter=input, "
            "value=reasoning)"
        )
    else:
        said = (
            f"Input items of type '{kind}' are not supported. (parameter=input, "
            f"value={kind})"
        )
    assert reply.error == said
    assert reply.body["error"]["param"] == "input"


@pytest.mark.parametrize(
    "parts",
    [
        [_text("one"), {"type": "input_image"}],
        # As short as one character of a plain text, which is read the same way.
        [{"type": "x", "text": "one", "annotations": []}],
        [{"type": "x", "text": "one", "annotations": []}, _text("two")],
        [7],
    ],
    ids=["the second", "of type x", "of type x and another", "a number"],
)
@pytest.mark.guards("all-parts", until="0.25.1")
async def test_a_part_that_is_not_valid_is_a_400(
    chat: Client, parts: list[Any]
) -> None:
    reply = await chat.create(
        {"input": [_message(*parts), user("hi")]}, chat_answer("ok")
    )
    assert reply.status == 400
    # On stock vLLM it says what pydantic reads parts with, and how.
    assert "ValidatorIterator" not in reply.error
    # Else it is refused before, when the request is read.
    if reply.error.endswith("(parameter=input)"):
        assert reply.error == (
            "A content part of an assistant message is not valid. (parameter=input)"
        )
        assert reply.body["error"]["param"] == "input"


@pytest.mark.guards("all-parts", until="0.30.0")
async def test_encrypted_reasoning_is_a_400_that_names_input(chat: Client) -> None:
    reasoning = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [],
        "encrypted_content": "gAAAA",
    }
    reply = await chat.create({"input": [reasoning, user("hi")]}, chat_answer("ok"))
    assert reply.refusal[:3] == (400, "BadRequestError", "input")
    assert reply.error.startswith("Encrypted content is not supported.")
