"""What can't be chained on is a clear 4xx, and nothing stored is lost or changed."""

import asyncio

import pytest
from harness.answers import chat_answer
from harness.app import STORE, ServerFactory, environment
from harness.client import Client
from harness.scripted_engine import Answer

pytestmark = pytest.mark.guards("chain-errors")


async def test_a_response_in_the_background_is_chained_when_it_is_done(
    chat: Client,
) -> None:
    gate = asyncio.Event()
    queued = await chat.create(
        {"input": "one", "background": True},
        Answer("<think></think>slow answer", gate=gate),
    )
    body = {"input": "two", "previous_response_id": queued.id}

    early = await chat.create(body, chat_answer("too early"))
    assert early.refusal == (
        400,
        "invalid_request_error",
        "previous_response_id",
        f"Response with id '{queued.id}' is queued: it has no output to continue from "
        "yet. Wait until it is completed, or cancel it.",
    )

    gate.set()
    await chat.wait(queued.id)
    late = await chat.create(body, chat_answer("in time"))
    assert late.status == 200, late.body
    assert "slow answer" in late.prompt.text


async def test_the_id_of_a_stored_response_is_not_taken_again(chat: Client) -> None:
    first = await chat.create(
        {"input": "one", "request_id": "resp_mine"}, chat_answer("first answer")
    )
    again = await chat.create(
        {"input": "two", "request_id": "resp_mine"}, chat_answer("second answer")
    )
    stored = await chat.retrieve("resp_mine")

    assert again.status == 400
    assert again.body["error"]["param"] == "request_id"
    assert "resp_mine" in again.error
    assert stored.body == first.body
    unstored = await chat.create(
        {"input": "two", "request_id": "resp_mine", "store": False}, chat_answer("ok")
    )
    assert unstored.status == 200


async def test_a_server_without_a_store_says_so(
    chat_server_factory: ServerFactory,
) -> None:
    with environment(**{STORE: "0"}):
        client = Client(await chat_server_factory.start())
        first = await client.create({"input": "one"}, chat_answer("answer"))
        second = await client.create(
            {"input": "two", "previous_response_id": first.id}, chat_answer("answer")
        )
        assert second.status in (400, 404)
        assert first.id in second.error
        assert "VLLM_ENABLE_RESPONSES_API_STORE=1" in second.error
        await client.server.close()
