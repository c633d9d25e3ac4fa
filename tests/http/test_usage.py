"""The usage of a response is what OpenAI's SDKs declare."""

from typing import Any

import pytest
from harness.answers import final, harmony_answer
from harness.client import Client
from harness.scripted_engine import Answer

pytestmark = pytest.mark.guards("usage")


def details(usage: dict[str, Any]) -> dict[str, Any]:
    return {**usage["input_tokens_details"], **usage["output_tokens_details"]}


@pytest.mark.parametrize("stream", [False, True])
async def test_details_are_numbers(chat: Client, stream: bool) -> None:
    await check(chat, stream, Answer("Hello."))


@pytest.mark.parametrize("stream", [False, True])
async def test_details_of_one_turn_are_numbers_on_harmony(
    harmony: Client, stream: bool
) -> None:
    await check(harmony, stream, harmony_answer(final("Hello.")))


async def check(client: Client, stream: bool, answer: Answer) -> None:
    ask = client.stream if stream else client.create
    reply = await ask({"input": "Hello?"}, answer)
    usage = reply.response["usage"]
    assert usage["output_tokens"] > 0
    assert all(isinstance(value, int) for value in details(usage).values())
    stored = await client.retrieve(reply.response["id"])
    assert stored.response["usage"] == usage
