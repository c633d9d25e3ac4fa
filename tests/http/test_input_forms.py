"""Whatever form a client gives an item, it is the same item."""

from typing import Any

import pytest
from harness.answers import chat_answer, final, harmony_answer
from harness.client import Client, Conversation, Item
from tool_conversation import user

import vllm_responses_fix

TEXT = {"type": "output_text", "text": "said"}
THOUGHT = {"type": "reasoning_text", "text": "thought"}
SUMMARY = {"type": "summary_text", "text": "in short"}
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}
SAID: Item = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{**TEXT, "annotations": []}],
}


def call(arguments: Any) -> Item:
    return {
        "type": "function_call",
        "call_id": "call_1",
        "name": "get_weather",
        "arguments": arguments,
    }


def reasoning(**fields: Any) -> Item:
    return {"type": "reasoning", "id": "rs_1", **fields}


def assistant(*parts: Item, **fields: Any) -> Item:
    return {"role": "assistant", "content": list(parts), **fields}


NO_TYPE = assistant(TEXT)
REFUSED = assistant({"type": "refusal", "refusal": "I won't."})
FORMS: list[tuple[str, list[Item], list[Item]]] = [
    ("parts without a type", [NO_TYPE], [SAID]),
    ("a chat's parts", [assistant({"type": "text", "text": "said"})], [SAID]),
    (
        "annotations null",
        [{**NO_TYPE, "type": "message", "id": None, "content": [
            {**TEXT, "annotations": None, "logprobs": None}]}],
        [SAID],
    ),
    (
        "parts of both sides",
        [assistant({"type": "input_text", "text": "said"}, TEXT)],
        [{**SAID, "content": [{**TEXT, "annotations": []}] * 2}],
    ),
    ("a refusal without a type", [REFUSED], [{**SAID, "content": REFUSED["content"]}]),
    ("a user's text part", [{"role": "user", "content": [{"type": "text",
     "text": "asked"}]}], [user("asked")]),
    (
        "no summary",
        [reasoning(content=[THOUGHT]), NO_TYPE],
        [reasoning(summary=[], content=[THOUGHT]), SAID],
    ),
    (
        "no content",
        [reasoning(id=None, summary=[SUMMARY], content=None, status=None), NO_TYPE],
        [reasoning(summary=[SUMMARY]), SAID],
    ),
    (
        "arguments as an object",
        [call({"city": "Oslo"}), RESULT],
        [call('{"city": "Oslo"}'), RESULT],
    ),
    (
        "output parts in a result",
        [call("{}"), {**RESULT, "output": [{**TEXT, "text": "sunny"}]}],
        [call("{}"), {**RESULT, "output": [{"type": "input_text", "text": "sunny"}]}],
    ),
]  # fmt: skip
PATHS = {"chat": chat_answer("ok"), "harmony": harmony_answer(final("ok"))}


@pytest.fixture
def client(request: pytest.FixtureRequest, path: str) -> Client:
    return request.getfixturevalue(path)


@pytest.mark.parametrize(
    ("form", "normal"),
    [form[1:] for form in FORMS],
    ids=[form[0] for form in FORMS],
)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.guards("input-forms")
async def test_an_item_in_another_form_is_the_same_item(
    client: Client, path: str, form: list[Item], normal: list[Item]
) -> None:
    answer = PATHS[path]
    asked = [user("before"), *form, user("after")]
    first = await client.create({"input": asked}, answer)
    expected = await client.create(
        {"input": [user("before"), *normal, user("after")]}, answer
    )
    assert first.prompt.text == expected.prompt.text

    conversation = Conversation().extended(asked, first)
    chained = await client.stream(conversation.chain_body([NO_TYPE, *form]), answer)
    replayed = await client.create(conversation.replay_body([NO_TYPE, *form]), answer)
    assert chained.prompt.text == replayed.prompt.text
    assert chained.prompt.token_ids == replayed.prompt.token_ids


@pytest.mark.parametrize("path", PATHS)
async def test_a_form_that_vllm_takes_renders_as_on_stock(
    client: Client, path: str
) -> None:
    body = {
        "input": [
            user("before"),
            assistant({**TEXT, "annotations": []}, id="msg_1"),
            user("more"),
            {"role": "assistant", "content": "said", "status": None, "id": None},
            {"type": "message", "role": "user", "status": None, "id": None,
             "content": [{"type": "input_text", "text": "asked"}]},
            reasoning(content=[THOUGHT], summary=[], status=None),
            user("a call"),
            call("{}"),
            {**RESULT, "output": [{"type": "input_text", "text": "sunny"}]}
            if path == "chat"
            else RESULT,
        ]
    }  # fmt: skip
    patched = await client.create(body, PATHS[path])
    vllm_responses_fix.uninstall()
    try:
        stock = await client.create(body, PATHS[path])
    finally:
        vllm_responses_fix.install()
    assert patched.status == stock.status == 200, stock.body
    if path == "chat":
        assert patched.prompt.text == stock.prompt.text


async def test_a_message_with_an_id_is_no_reference(chat: Client) -> None:
    first = await chat.create({"input": "Hi."}, chat_answer("Hello."))
    for id in ("msg_1", first.output[0]["id"]):
        said = {"id": id, "role": "user", "content": "This, not that."}
        reply = await chat.create({"input": [said]}, chat_answer("Hello."))
        assert "This, not that." in reply.prompt.text


@pytest.mark.guards("call-arguments")
async def test_two_objects_as_arguments_are_in_the_prompt(chat: Client) -> None:
    made = call('{"city": "Oslo"}{"city": "Lima"}')
    asked = [user("Weather?"), made, RESULT]
    first = await chat.create({"input": asked}, chat_answer("ok"))
    assert "Oslo" in first.prompt.text and "Lima" in first.prompt.text
    conversation = Conversation().extended(asked, first)
    chained = await chat.create(conversation.chain_body("And?"), chat_answer("ok"))
    replayed = await chat.create(conversation.replay_body("And?"), chat_answer("ok"))
    assert chained.prompt.token_ids == replayed.prompt.token_ids


async def test_two_objects_as_arguments_stay_as_written_on_harmony(
    harmony: Client,
) -> None:
    made = call('{"city": "Oslo"}{"city": "Lima"}')
    asked = [user("Weather?"), made, RESULT]
    reply = await harmony.create({"input": asked}, PATHS["harmony"])
    assert made["arguments"] in reply.prompt.text
