"""A stream that vLLM can't serve is refused, not broken off without a word."""

import pytest
from harness.answers import chat_answer
from harness.app import environment
from harness.client import Client

ANSWER = chat_answer("ok")


@pytest.mark.guards("parser-streams")
@pytest.mark.parametrize("background", [False, True])
async def test_a_stream_with_the_parser_context_is_refused(
    chat: Client, background: bool
) -> None:
    with environment(parser_context=True):
        reply = await chat.stream({"input": "hi", "background": background}, ANSWER)

    assert reply.refusal == (
        400,
        "invalid_request_error",
        "stream",
        "This server can't stream: it was started with "
        "VLLM_USE_EXPERIMENTAL_PARSER_CONTEXT=1. Send the request without `stream`.",
    )
    assert reply.prompts == []


async def test_other_requests_are_not(chat: Client) -> None:
    with environment(parser_context=True):
        unstreamed = await chat.create({"input": "hi"}, ANSWER)
    streamed = await chat.stream({"input": "hi"}, ANSWER)

    assert unstreamed.status == streamed.status == 200
    assert streamed.body["status"] == "completed"
