"""gpt-oss: messages that a client got can be sent back."""

import pytest
from harness.answers import analysis, call, harmony_answer, preamble
from harness.client import Client
from turns import DONE, LOOKUP, message, result_of

pytestmark = pytest.mark.guards("harmony-previous-messages")

TOOLS = {"tools": [LOOKUP]}
CALLING = harmony_answer(
    analysis("Need a."), preamble("I look."), call("lookup", {"key": "a"})
)


async def test_messages_keep_channel_and_recipient(harmony: Client) -> None:
    first = await harmony.create(
        {"input": "What is a?", "enable_response_messages": True, **TOOLS}, CALLING
    )
    new_input = message("user", "Well?")
    chained = await harmony.create(
        {
            "input": [*result_of(first), new_input],
            "previous_response_id": first.id,
            **TOOLS,
        },
        DONE,
    )
    result = {
        "role": "tool",
        "name": "functions.lookup",
        "content": [{"type": "text", "text": "42"}],
        "channel": "commentary",
        "recipient": "assistant",
    }
    sent = first.response["input_messages"] + first.response["output_messages"]
    replayed = await harmony.create(
        {
            "input": [new_input],
            "previous_input_messages": [*sent, result],
            **TOOLS,
        },
        DONE,
    )
    assert replayed.status == 200, replayed.body
    for text in (
        "<|channel|>analysis<|message|>Need a.",
        "<|channel|>commentary<|message|>I look.",
        "to=functions.lookup",
    ):
        assert text in chained.prompt.text
        assert text in replayed.prompt.text
    assert replayed.prompt.text == chained.prompt.text
