"""What stock vLLM does wrong on the Harmony path.

Each test asserts the wrong behaviour. A release in which one fails has mended it.
"""

from typing import Any

import pytest
from harness.answers import analysis, call, final, harmony_answer, preamble
from harness.client import Client, Conversation

pytestmark = pytest.mark.usefixtures("stock")

LOOKUP = {
    "type": "function",
    "name": "lookup",
    "description": "Look up a key.",
    "parameters": {"type": "object", "properties": {"key": {"type": "string"}}},
    "strict": False,
}
CALLING = harmony_answer(analysis("Need a."), call("lookup", {"key": "a"}))
DONE = harmony_answer(final("Done."))


def tool_result(item: dict[str, Any], output: str) -> list[dict[str, Any]]:
    return [
        {"type": "function_call_output", "call_id": item["call_id"], "output": output}
    ]


async def test_parameters_of_a_chained_request_are_ignored(harmony: Client) -> None:
    first = await harmony.create(
        {"input": "Hello", "instructions": "Be brief.", "reasoning": {"effort": "low"}},
        DONE,
    )
    chained = await harmony.create(
        {
            "input": "What is a?",
            "previous_response_id": first.id,
            "instructions": "Be thorough.",
            "reasoning": {"effort": "high"},
            "tools": [LOOKUP],
        },
        DONE,
    )

    assert "Reasoning: low" in chained.prompt.text
    assert "Be thorough." not in chained.prompt.text
    assert "Reasoning: high" not in chained.prompt.text
    assert "lookup" not in chained.prompt.text


async def test_a_result_for_an_earlier_responses_call_is_refused(
    harmony: Client,
) -> None:
    first = await harmony.create({"input": "What is a?", "tools": [LOOKUP]}, CALLING)
    second = await harmony.create(
        {"input": "Meanwhile?", "previous_response_id": first.id}, DONE
    )
    (item,) = (i for i in first.output if i["type"] == "function_call")

    late = await harmony.create(
        {"input": tool_result(item, "42"), "previous_response_id": second.id}, DONE
    )

    assert late.status == 400
    assert f"No call message found for {item['call_id']}" in late.error


@pytest.mark.mended("0.32.0", "what a stream has shown is what is stored")
async def test_after_a_stream_a_tool_result_is_refused(harmony: Client) -> None:
    streamed = await harmony.stream({"input": "What is a?", "tools": [LOOKUP]}, CALLING)
    (seen,) = (i for i in streamed.streamed_output if i["type"] == "function_call")
    (kept,) = (i for i in streamed.output if i["type"] == "function_call")
    assert seen["call_id"] != kept["call_id"]

    reply = await harmony.create(
        {"input": tool_result(seen, "42"), "previous_response_id": streamed.id}, DONE
    )

    assert reply.status == 400
    assert f"No call message found for {seen['call_id']}" in reply.error


@pytest.mark.mended("0.25.0", "what is still in the parser is stored")
@pytest.mark.parametrize("cut", [final, analysis], ids=["final", "analysis"])
async def test_truncated_text_is_lost_when_chained(harmony: Client, cut: Any) -> None:
    first = await harmony.create(
        {"input": "Tell me."}, harmony_answer(cut("Once upon a"), truncated=True)
    )
    conversation = Conversation().extended("Tell me.", first)

    chained = await harmony.create(conversation.chain_body("Go on"), DONE)
    replayed = await harmony.create(conversation.replay_body("Go on"), DONE)

    assert first.output[0]["content"][0]["text"] == "Once upon a"
    assert "Once upon a" in replayed.prompt.text
    assert "Once upon a" not in chained.prompt.text


@pytest.mark.mended("0.31.0", "a call has the type that the model wrote")
async def test_replay_renders_a_calls_content_type_as_plain_text(
    harmony: Client,
) -> None:
    first = await harmony.create({"input": "What is a?", "tools": [LOOKUP]}, CALLING)
    conversation = Conversation().extended("What is a?", first)
    result = tool_result(first.output[-1], "42")

    chained = await harmony.create(conversation.chain_body(result), DONE)
    replayed = await harmony.create(conversation.replay_body(result), DONE)

    assert "commentary <|constrain|>json<|message|>" in chained.prompt.text
    assert "commentary json<|message|>" in replayed.prompt.text


async def test_a_preamble_is_replayed_as_final(harmony: Client) -> None:
    answer = harmony_answer(preamble("I shall look."), call("lookup", {"key": "a"}))
    first = await harmony.create({"input": "What is a?", "tools": [LOOKUP]}, answer)
    conversation = Conversation().extended("What is a?", first)
    result = tool_result(first.output[-1], "42")

    chained = await harmony.create(conversation.chain_body(result), DONE)
    replayed = await harmony.create(conversation.replay_body(result), DONE)

    assert "<|channel|>commentary<|message|>I shall look." in chained.prompt.text
    assert "<|channel|>final<|message|>I shall look." in replayed.prompt.text


@pytest.mark.mended("0.23.0", "a developer message has them")
async def test_instructions_are_dropped_without_tools(harmony: Client) -> None:
    reply = await harmony.create({"input": "Hello", "instructions": "Be brief."}, DONE)

    assert "Be brief." not in reply.prompt.text


@pytest.mark.mended("0.25.0", "a delta is parsed token by token")
async def test_a_delta_of_several_tokens_hides_items_from_the_stream(
    harmony: Client,
) -> None:
    answer = harmony_answer(
        analysis("Need a."), call("lookup", {"key": "a"}), delta_sizes=(2,)
    )

    reply = await harmony.stream({"input": "What is a?", "tools": [LOOKUP]}, answer)

    assert [item["type"] for item in reply.output] == ["reasoning", "function_call"]
    assert [item["type"] for item in reply.streamed_output] == ["function_call"]
