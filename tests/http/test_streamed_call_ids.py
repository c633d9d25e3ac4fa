"""A streamed call has the id that the tool parser gave it: some models want no other.

In Mistral's tokenizer mode a call id is nine letters and digits, or the turn is a 400.
"""

from typing import Any

import pytest
from harness.answers import mistral_calls
from harness.client import Client, Conversation
from harness.scripted_engine import Answer
from tool_conversation import QUESTION, WEATHER_TOOL, calls_of, result_of

import vllm_responses_fix

TOOLS = {"tools": [WEATHER_TOOL]}


def mistral_call(client: Client, *cities: str, **options: Any) -> Answer:
    tokenizer = client.server.engine.renderer.get_tokenizer()
    calls = [("get_weather", {"city": city}) for city in cities]
    return mistral_calls(tokenizer, *calls, **options)


@pytest.mark.guards("streamed-call-ids")
@pytest.mark.parametrize("delta_size", [1, 3, 1000])
async def test_a_call_in_mistral_mode_can_be_answered(
    mistral: Client, delta_size: int
) -> None:
    answer = mistral_call(mistral, "Oslo", delta_sizes=(delta_size,))

    first = await mistral.stream({"input": QUESTION, **TOOLS}, answer)

    (call,) = calls_of(first.streamed_output)
    assert len(call["call_id"]) == 9
    assert call["call_id"].isalnum()
    ids = {e["item"]["call_id"] for e in first.events if "item" in e}
    assert ids == {call["call_id"]}
    assert calls_of(first.output) == calls_of((await mistral.retrieve(first.id)).output)
    assert calls_of(first.output)[0]["call_id"] == call["call_id"]


@pytest.mark.guards("streamed-call-ids")
@pytest.mark.guards("reconstruction")
@pytest.mark.parametrize("seen_in", ["events", "response"])
async def test_later_turns_in_mistral_mode_are_equal_by_id_and_replayed(
    mistral: Client, seen_in: str
) -> None:
    answer = mistral_call(mistral, "Oslo", "Lima")
    first = await mistral.stream({"input": QUESTION, **TOOLS}, answer)
    output = first.streamed_output if seen_in == "events" else first.output
    conversation = Conversation().extended(QUESTION, first, output)
    results = [item for call in calls_of(output) for item in result_of(call)]

    chained = await mistral.create(
        conversation.chain_body(results, **TOOLS), Answer([1000])
    )
    replayed = await mistral.create(
        conversation.replay_body(results, **TOOLS), Answer([1000])
    )

    assert chained.prompt.token_ids == replayed.prompt.token_ids
    for call in calls_of(output):
        assert call["call_id"] in chained.prompt.text


async def test_a_replayed_response_is_no_worse_than_on_stock(mistral: Client) -> None:
    for install in (vllm_responses_fix.uninstall, vllm_responses_fix.install):
        install()
        answer = mistral_call(mistral, "Oslo")
        first = await mistral.stream({"input": QUESTION, **TOOLS}, answer)
        conversation = Conversation().extended(QUESTION, first)
        results = result_of(calls_of(first.output)[0])
        second = await mistral.create(
            conversation.replay_body(results, **TOOLS), Answer([1000])
        )
        assert second.status == 200
