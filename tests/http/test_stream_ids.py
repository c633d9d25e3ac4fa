"""A client of a stream and the store know the output items by the same ids."""

import pytest
from harness.answers import chat_answer
from harness.client import Client, Item
from tool_conversation import QUESTION, WEATHER_TOOL, calls_of, result_of

pytestmark = pytest.mark.guards("stream-ids")

ANSWER = chat_answer(
    "Let me look.",
    ("get_weather", {"city": "Oslo"}),
    ("get_weather", {"city": "Lima"}),
    reasoning="Two calls.",
)
BODY = {"input": QUESTION, "tools": [WEATHER_TOOL]}


def _ids(items: list[Item]) -> list[tuple[str, str | None]]:
    return [(item["id"], item.get("call_id")) for item in items]


async def test_events_and_stored_response_agree(chat: Client) -> None:
    reply = await chat.stream(BODY, ANSWER)
    stored = await chat.retrieve(reply.id)

    assert len(reply.streamed_output) == 4
    assert _ids(reply.streamed_output) == _ids(reply.output) == _ids(stored.output)
    for event in reply.events:
        if "item_id" in event:
            item = stored.output[event["output_index"]]
            assert event["item_id"] == item["id"]


async def test_events_of_a_background_stream_too(chat: Client) -> None:
    reply = await chat.stream({**BODY, "background": True}, ANSWER)
    stored = await chat.retrieve(reply.id)
    assert _ids(reply.streamed_output) == _ids(stored.output)


# Where vLLM has the ids right itself, the call is still missing without this one.
@pytest.mark.guards("reconstruction")
async def test_a_streaming_agent_answers_the_call_it_saw(chat: Client) -> None:
    first = await chat.stream(BODY, ANSWER)
    call = calls_of(first.streamed_output)[-1]
    second = await chat.stream(
        {"input": result_of(call), "previous_response_id": first.id},
        chat_answer("65F."),
    )
    assert second.prompt.text.count(call["call_id"]) == 2
