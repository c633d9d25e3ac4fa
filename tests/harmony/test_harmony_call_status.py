"""gpt-oss: a call that the model has ended says so, streamed or not."""

import pytest
from harness.answers import analysis, call, harmony_answer
from harness.client import Client
from turns import LOOKUP

CALL = harmony_answer(analysis("I look it up."), call("lookup", {"key": "a"}))


@pytest.mark.guards("harmony-call-status")
@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_is_completed(harmony: Client, stream: bool) -> None:
    ask = harmony.stream if stream else harmony.create
    reply = await ask({"input": "What is a?", "tools": [LOOKUP]}, CALL)

    stored = await harmony.retrieve(reply.id)
    for output in (reply.output, stored.output):
        assert output[-1]["type"] == "function_call"
        assert output[-1]["status"] == "completed"
