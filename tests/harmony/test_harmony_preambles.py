"""gpt-oss: a preamble comes back as a preamble."""

import pytest
from harness.answers import call, final, harmony_answer, preamble
from harness.client import Client, Conversation
from openai.types.responses import ResponseOutputMessage
from turns import DONE, LOOKUP, both, message, result_of, start

ANNOUNCED = harmony_answer(preamble("I shall look."), call("lookup", {"key": "a"}))
AS_PREAMBLE = "<|channel|>commentary<|message|>I shall look."


@pytest.mark.guards("harmony-preambles", "harmony-items", "harmony-reconstruction")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("truncated", [False, True], ids=["ended", "cut"])
async def test_a_preamble_comes_back_as_commentary(
    harmony: Client, stream: bool, truncated: bool
) -> None:
    answer = harmony_answer(preamble("I shall look."), truncated=truncated)
    send = harmony.stream if stream else harmony.create
    reply = await send({"input": "What is a?", "tools": [LOOKUP]}, answer)
    seen = reply.streamed_output if stream and not truncated else reply.output
    assert [item["phase"] for item in seen] == ["commentary"]
    for event in reply.events:
        if event["type"] == "response.output_item.added":
            assert event["item"]["phase"] == "commentary"
    conversation = Conversation().extended("What is a?", reply, seen)

    chained = await both(harmony, conversation, "Go on")

    assert AS_PREAMBLE in chained.prompt.text


@pytest.mark.guards("harmony-preambles", "harmony-items")
async def test_a_preamble_is_never_lost(harmony: Client) -> None:
    reply, conversation = await start(harmony, answer=ANNOUNCED, tools=[LOOKUP])
    results = result_of(reply)
    for new_input in (results, "And b?", "And c?"):
        reply = await both(harmony, conversation, new_input, tools=[LOOKUP])
        assert AS_PREAMBLE in reply.prompt.text
        conversation = conversation.extended(new_input, reply)


@pytest.mark.guards("harmony-items")
async def test_the_sdk_sends_a_preamble_back(harmony: Client) -> None:
    """What an SDK client holds of an item is what it sends."""
    reply, _ = await start(harmony, answer=ANNOUNCED, tools=[LOOKUP])
    item = ResponseOutputMessage.model_validate(reply.output[0])
    assert item.phase == "commentary"

    replayed = await harmony.create(
        {"input": [message("user", "What is a?"), item.to_dict()]}, DONE
    )

    assert AS_PREAMBLE in replayed.prompt.text


async def test_a_final_answer_has_no_phase(harmony: Client) -> None:
    """What is no preamble looks as on stock vLLM."""
    reply, _ = await start(harmony, answer=harmony_answer(final("a is 42.")))
    assert reply.output[0]["phase"] is None


async def test_without_the_phase_a_preamble_is_replayed_as_final(
    harmony: Client,
) -> None:
    """A limit: a client that drops `phase` leaves nothing to tell the two apart."""
    reply, conversation = await start(harmony, answer=ANNOUNCED, tools=[LOOKUP])
    for item in conversation.items:
        item.pop("phase", None)

    chained = await harmony.create(conversation.chain_body(result_of(reply)), DONE)
    replayed = await harmony.create(conversation.replay_body(result_of(reply)), DONE)

    assert AS_PREAMBLE in chained.prompt.text
    assert "<|channel|>final<|message|>I shall look." in replayed.prompt.text
