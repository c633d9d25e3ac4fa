"""A conversation can be replayed as references to its stored items."""

from typing import Any

import pytest
from harness.answers import (
    analysis,
    call,
    chat_answer,
    final,
    harmony_answer,
    preamble,
)
from harness.app import STORE, ServerFactory, environment
from harness.client import Client, Conversation, Item, Reply
from harness.scripted_engine import Answer
from tool_conversation import FOLLOW_UP, QUESTION, WEATHER_TOOL, calls_of, result_of

pytestmark = pytest.mark.guards("item-references")

CITY = {"city": "San Francisco"}
CALLING = {
    "chat": chat_answer("I look.", ("get_weather", CITY), reasoning="Look."),
    "harmony": harmony_answer(
        analysis("Look."), preamble("I look."), call("get_weather", CITY)
    ),
}
DONE = {
    "chat": chat_answer("Foggy.", reasoning="So."),
    "harmony": harmony_answer(analysis("So."), final("Foggy.")),
}
TOOLS = {"tools": [WEATHER_TOOL]}


@pytest.fixture
def client(request: pytest.FixtureRequest, path: str) -> Client:
    return request.getfixturevalue(path)


async def ask(client: Client, body: dict[str, Any], answer: Answer, how: str) -> Reply:
    if how == "streamed":
        return await client.stream(body, answer)
    reply = await client.create({**body, "background": how == "background"}, answer)
    return await client.wait(reply.id) if how == "background" else reply


def by_reference(items: tuple[Item, ...], *, typed: bool) -> list[Item]:
    """As the AI SDK replays: what the server said, by its ids."""
    reference = {"type": "item_reference"} if typed else {}
    return [{**reference, "id": item["id"]} if "id" in item else item for item in items]


@pytest.mark.parametrize("how", ["plain", "streamed", "background"])
@pytest.mark.parametrize("path", ["chat", "harmony"])
async def test_references_are_the_items(client: Client, path: str, how: str) -> None:
    first = await ask(client, {"input": QUESTION, **TOOLS}, CALLING[path], how)
    output = first.streamed_output if how == "streamed" else first.output
    conversation = Conversation().extended(QUESTION, first, output)
    result = result_of(calls_of(output)[0])
    for new_input, typed in ((result, True), (FOLLOW_UP, False)):
        replayed = await client.create(
            conversation.replay_body(new_input, **TOOLS), DONE[path]
        )
        named = conversation.replay_body(new_input, **TOOLS)
        named["input"] = by_reference(tuple(named["input"]), typed=typed)
        reply = await ask(client, named, DONE[path], how)
        assert reply.status == 200, reply.body
        prompts = reply.prompts or client.server.engine.prompts[reply.id]
        assert prompts[0].text == replayed.prompt.text
        assert list(prompts[0].token_ids) == list(replayed.prompt.token_ids)
        # Once it has given an answer, gpt-oss does not see the reasoning before.
        said = ["I look.", "San Francisco"]
        for text in said if path == "harmony" and not typed else ["Look.", *said]:
            assert text in prompts[0].text

        # What is stored of it has the items, not their ids.
        chained = await client.create(
            {"input": "?", "previous_response_id": reply.id, **TOOLS}, DONE[path]
        )
        again = await client.create(
            {"input": "?", "previous_response_id": replayed.id, **TOOLS}, DONE[path]
        )
        assert chained.prompt.text == again.prompt.text
        conversation = conversation.extended(new_input, reply)


@pytest.mark.parametrize("path", ["chat", "harmony"])
async def test_ids_of_a_stream_are_those_that_are_stored(
    client: Client, path: str
) -> None:
    first = await client.stream({"input": QUESTION, **TOOLS}, CALLING[path])
    stored = await client.retrieve(first.id)
    ids = [item["id"] for item in stored.output]
    assert ids == [item["id"] for item in first.streamed_output]
    assert len(set(ids)) == len(ids) == 3
    # So the store finds them.
    assert all(id.endswith(f".{first.id}") for id in ids)
    named = {event["item_id"] for event in first.events if "item_id" in event}
    assert named <= set(ids)


@pytest.mark.parametrize("path", ["chat", "harmony"])
async def test_an_unknown_item_is_a_400_that_names_it(
    client: Client, path: str
) -> None:
    first = await client.create({"input": QUESTION}, DONE[path])
    known = {"type": "item_reference", "id": first.output[0]["id"]}
    no_item = "there is no stored item with this id."
    for unknown, why in (
        ("msg_1", no_item),
        (f"msg_1.{first.id}", no_item),
        (f"{known['id']}0", f"Response with id '{first.id}0' not found."),
        ("msg_1.resp_1", "Response with id 'resp_1' not found."),
    ):
        for reference in ({"type": "item_reference", "id": unknown}, {"id": unknown}):
            reply = await client.create({"input": [known, reference]}, DONE[path])
            assert reply.refusal == (
                400,
                "invalid_request_error",
                "input[1]",
                f"input[1] refers to the item {unknown!r}: {why}",
            )


async def test_an_item_goes_with_its_response(chat: Client) -> None:
    first = await chat.create({"input": QUESTION}, DONE["chat"])
    await chat.server.http.delete(f"/v1/responses/{first.id}")
    reply = await chat.create(
        {"input": [{"type": "item_reference", "id": first.output[0]["id"]}]}
    )
    assert reply.refusal == (
        400,
        "invalid_request_error",
        "input[0]",
        f"input[0] refers to the item {first.output[0]['id']!r}: Response with id "
        f"'{first.id}' not found. It was deleted.",
    )


async def test_a_server_without_a_store_says_so(
    chat_server_factory: ServerFactory,
) -> None:
    with environment(**{STORE: "0"}):
        client = Client(await chat_server_factory.start())
        first = await client.create({"input": QUESTION}, DONE["chat"])
        reply = await client.create(
            {"input": [{"type": "item_reference", "id": first.output[0]["id"]}]}
        )
        assert reply.refusal == (
            400,
            "invalid_request_error",
            "input[0]",
            f"input[0] refers to the item {first.output[0]['id']!r}: this server "
            "stores no responses.",
        )
        await client.server.close()
