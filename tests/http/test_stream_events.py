"""The events of reasoning are those that OpenAI's SDKs declare."""

import pytest
from harness.answers import analysis, chat_answer, final, harmony_answer
from harness.client import Client, Reply
from openai.types.responses import (
    ResponseContentPartAddedEvent,
    ResponseContentPartDoneEvent,
)

pytestmark = pytest.mark.guards("stream-events", until="0.32.0")

PART_EVENTS = {
    "response.content_part.added": ResponseContentPartAddedEvent,
    "response.content_part.done": ResponseContentPartDoneEvent,
}


def check_parts_of_reasoning(reply: Reply) -> None:
    kinds = [event["type"] for event in reply.events]
    assert not [kind for kind in kinds if "reasoning_part" in kind]
    (item,) = (item for item in reply.streamed_output if item["type"] == "reasoning")
    shown = [
        event
        for event in reply.events
        if event["type"] in PART_EVENTS and event["item_id"] == item["id"]
    ]
    assert [event["type"] for event in shown] == list(PART_EVENTS)
    for event in shown:
        declared = PART_EVENTS[event["type"]].model_validate(event)
        assert declared.part.type == "reasoning_text"
    assert shown[1]["part"]["text"] == "Two and two."
    numbers = [event["sequence_number"] for event in reply.events]
    assert numbers == list(range(len(numbers)))


async def test_on_a_chat_template(chat: Client) -> None:
    answer = chat_answer("Four.", reasoning="Two and two.")
    check_parts_of_reasoning(await chat.stream({"input": "2 + 2?"}, answer))


async def test_on_harmony(harmony: Client) -> None:
    answer = harmony_answer(analysis("Two and two."), final("Four."))
    check_parts_of_reasoning(await harmony.stream({"input": "2 + 2?"}, answer))
