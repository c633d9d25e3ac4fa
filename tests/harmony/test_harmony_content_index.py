"""gpt-oss: a client finds each part of a stream where the events say it is."""

from typing import Any

import pytest
from harness.answers import analysis, call, final, harmony_answer, preamble
from harness.client import Client
from harness.scripted_engine import Answer
from turns import LOOKUP

ANSWERS = {
    "call": harmony_answer(
        analysis("I look it up."), preamble("Let me see."), call("lookup", {"key": "a"})
    ),
    "answer": harmony_answer(analysis("I know it."), final("42.")),
}


@pytest.mark.guards("harmony-content-index")
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=list(ANSWERS))
async def test_parts_are_where_the_events_say(harmony: Client, answer: Answer) -> None:
    reply = await harmony.stream({"input": "What is a?", "tools": [LOOKUP]}, answer)

    texts: dict[tuple[int, int], str] = {}
    for event in reply.events:
        if event["type"].endswith("text.delta"):
            place = event["output_index"], event["content_index"]
            texts[place] = texts.get(place, "") + event["delta"]
    assert texts == dict(_parts(reply.output))


def _parts(output: list[dict[str, Any]]) -> list[tuple[tuple[int, int], str]]:
    return [
        ((item_number, part_number), part["text"])
        for item_number, item in enumerate(output)
        for part_number, part in enumerate(item.get("content") or ())
    ]
