"""The usage of a response is what OpenAI's SDKs declare."""

from typing import Any

import pytest
from harness.client import Client

pytestmark = pytest.mark.guards("usage")


def details(usage: dict[str, Any]) -> dict[str, Any]:
    return {**usage["input_tokens_details"], **usage["output_tokens_details"]}


@pytest.mark.parametrize("stream", [False, True])
async def test_details_are_numbers(chat: Client, stream: bool) -> None:
    ask = chat.stream if stream else chat.create
    reply = await ask({"input": "Hello?"}, "Hello.")
    usage = reply.response["usage"]
    assert all(isinstance(value, int) for value in details(usage).values())
    stored = await chat.retrieve(reply.response["id"])
    assert stored.response["usage"] == usage
