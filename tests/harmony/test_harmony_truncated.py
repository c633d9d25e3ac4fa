"""gpt-oss: what was cut short stays in the conversation."""

import pytest
from harness.answers import analysis, call, final, harmony_answer, preamble
from harness.client import Client, Conversation, Reply
from harness.scripted_engine import Answer
from openai_harmony import Message
from turns import LOOKUP, both, result_of

pytestmark = pytest.mark.guards("harmony-truncated")

CUT = {
    "final": final("Once upon a 🌦"),
    "preamble": preamble("Once upon a 🌦"),
    "reasoning": analysis("Once upon a 🌦"),
    "reasoning after a preamble": analysis("Once upon a 🌦"),
    "call": call("lookup", '{"key": "Once upon a 🌦'),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("cut", CUT)
async def test_what_was_cut_short_is_in_the_next_prompt(
    harmony: Client, cut: str, stream: bool
) -> None:
    before = [preamble("I shall tell.")] if "after" in cut else [analysis("A tale?")]
    _, conversation = await _told(harmony, [*before, CUT[cut]], stream)

    again = await both(harmony, conversation, "Go on", tools=[LOOKUP])
    assert "Once upon a 🌦<|" in again.prompt.text
    conversation = conversation.extended("Go on", again)
    later = await both(harmony, conversation, "And then?", tools=[LOOKUP])
    if not cut.startswith("reasoning"):
        assert "Once upon a 🌦<|" in later.prompt.text


@pytest.mark.guards("harmony-reconstruction")
async def test_a_call_that_was_cut_short_can_be_answered_later(
    harmony: Client,
) -> None:
    reply, conversation = await _told(harmony, [CUT["call"]], stream=False)
    turn = await both(harmony, conversation, "Meanwhile?")
    conversation = conversation.extended("Meanwhile?", turn)

    late = await both(harmony, conversation, result_of(reply, "Not a key."))

    assert "Not a key." in late.prompt.text


async def test_what_was_cut_short_is_cut_at_any_token(harmony: Client) -> None:
    whole = harmony_answer(analysis("Hm 🌦"), preamble("Wait 🌦"), final("It 🌦 is"))
    for length in range(1, len(whole.content)):
        answer = Answer(whole.content[:length], truncated=True)
        reply = await harmony.create({"input": "Tell me."}, answer)
        conversation = Conversation().extended("Tell me.", reply)
        again = await both(harmony, conversation, "Go on")
        for item in reply.output:
            if item["type"] == "message":
                assert item["content"][0]["text"] in again.prompt.text


async def _told(
    harmony: Client, written: list[Message], stream: bool
) -> tuple[Reply, Conversation]:
    body = {"input": "Tell me.", "tools": [LOOKUP]}
    send = harmony.stream if stream else harmony.create
    reply = await send(body, harmony_answer(*written, truncated=True))
    return reply, Conversation().extended("Tell me.", reply)
