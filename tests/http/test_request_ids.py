"""Two requests with one `request_id`: an answer that was lost, or a mistake."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import openai
import pytest
from harness.answers import chat_answer
from harness.client import Client, Reply
from harness.scripted_engine import Answer
from shared_store import a_month_later, stored_by
from tool_conversation import WEATHER_TOOL

pytestmark = pytest.mark.guards("stored-responses")

BODY = {"input": "A?", "request_id": "resp_mine"}
WAYS: list[dict[str, bool]] = [{}, {"stream": True}, {"background": True}]


REFUSED = (
    400,
    "invalid_request_error",
    "request_id",
    "'resp_mine' is the id of another request's response, which is stored, being made "
    "or was deleted. Send another `request_id`, or none.",
)
CONFLICT = (
    409,
    "conflict_error",
    "request_id",
    "The response with id 'resp_mine' is being made for the same request. Try again "
    "when it is finished.",
)


@pytest.mark.parametrize("more", WAYS)
async def test_the_same_request_gets_the_answer_again(
    two_clients: tuple[Client, Client], more: dict[str, bool]
) -> None:
    body = {**BODY, **more}
    first = await two_clients[0].create(body, "A.")
    stored = await two_clients[0].wait("resp_mine")
    assert stored.body["status"] == "completed"
    for client in two_clients:
        again = await client.create(body, "Never.")
        assert again.body == stored.body
        assert not again.prompts
        other = await client.create({**body, "input": "B?"}, "Never.")
        assert other.refusal == REFUSED
        # Without `store` an id names nothing.
        unstored = {"input": "B?", "request_id": "resp_mine", "store": False}
        assert (await client.create(unstored, "B.")).status == 200
    assert first.id == "resp_mine"


@pytest.mark.parametrize("more", WAYS)
async def test_a_request_that_is_answered_now_conflicts(
    chat: Client, more: dict[str, bool]
) -> None:
    later = asyncio.Event()
    body = {**BODY, **more}
    first = asyncio.create_task(chat.create(body, Answer("A.", gate=later)))
    while not chat.server.engine.prompts.get("resp_mine"):
        await asyncio.sleep(0)
    assert (await chat.create({**body, "input": "B?"}, "B.")).refusal == REFUSED
    if "background" in more:
        # Its client asks until it is finished, and may as well ask this way.
        assert (await chat.create(body, "B.")).body["status"] == "queued"
    else:
        raw = await chat.server.http.post(
            "/v1/responses", json={"model": "scripted", **body}
        )
        assert (raw.status_code, raw.headers["retry-after"]) == (409, "1")
        assert Reply.of(raw).refusal == CONFLICT
    later.set()
    assert (await first).id == "resp_mine"
    assert (await chat.wait("resp_mine")).body["status"] == "completed"
    chained = await chat.create(
        {"input": "And?", "previous_response_id": "resp_mine"}, "Done."
    )
    assert "A?" in chained.prompt.text
    assert "A." in chained.prompt.text


def test_a_request_that_was_given_up_may_be_sent_again(
    chat: Client, listen: Callable[..., str]
) -> None:
    never = asyncio.Event()
    answers = [Answer("Never.", gate=never), Answer("B.")]

    url = f"{listen(chat.server, lambda _: answers.pop(0))}/responses"
    body = {"model": "scripted", **BODY}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, json=body, timeout=0.5)
    # Until the server has noticed.
    body["input"] = "B?"
    while (reply := httpx.post(url, json=body)).status_code == 400:
        time.sleep(0.01)
    assert reply.json()["output"][-1]["content"][0]["text"] == "B."
    assert httpx.post(url, json=body).json() == reply.json()


async def _both(
    clients: tuple[Client, Client], bodies: tuple[Any, Any]
) -> tuple[Reply, Reply]:
    """The replies of two servers that know nothing of each other's request until both
    are answered; the first is answered first."""
    gates = asyncio.Event(), asyncio.Event()
    tasks = [
        asyncio.create_task(client.create(body, Answer(text, gate=gate)))
        for client, body, text, gate in zip(
            clients, bodies, ("A.", "B."), gates, strict=True
        )
    ]
    for client in clients:
        while not client.server.engine.prompts.get("resp_mine"):
            await asyncio.sleep(0)
    gates[0].set()
    first = await tasks[0]
    gates[1].set()
    return first, await tasks[1]


async def test_at_once_on_two_servers(two_clients: tuple[Client, Client]) -> None:
    first, second = await _both(two_clients, (BODY, BODY))
    # Who comes second is told what is stored.
    assert first.body == second.body
    assert first.output[-1]["content"][0]["text"] == "A."
    for client in two_clients:
        assert (await client.retrieve("resp_mine")).body == first.body


async def test_at_once_on_two_servers_with_other_bodies(
    two_clients: tuple[Client, Client],
) -> None:
    first, second = await _both(two_clients, (BODY, {**BODY, "input": "B?"}))
    assert second.refusal == REFUSED
    for client in two_clients:
        assert (await client.retrieve("resp_mine")).body == first.body


async def test_at_once_on_two_servers_streamed(
    two_clients: tuple[Client, Client],
) -> None:
    body = {**BODY, "stream": True}
    first, second = await _both(two_clients, (body, body))
    # Its deltas were another answer's, so it must not end as if they were stored.
    assert second.events[-1]["type"] == "response.failed"
    numbers = [event["sequence_number"] for event in second.events]
    assert numbers == [*range(len(numbers))]
    assert second.events[-1]["response"]["error"]["message"] == (
        "Another request with its `request_id` came first."
    )
    for client in two_clients:
        assert (await client.retrieve("resp_mine")).body == first.body
        assert (await client.create(body)).body == first.body


@pytest.mark.parametrize("stream", [False, True])
async def test_at_once_in_the_background(
    two_clients: tuple[Client, Client], stream: bool
) -> None:
    body = {**BODY, "background": True, "stream": stream}
    replies = await asyncio.gather(
        *(
            client.create({**body, "input": text}, text)
            for client, text in zip(two_clients, ("A", "B"), strict=True)
        )
    )
    won, lost = sorted(replies, key=lambda reply: reply.status)
    assert won.id == "resp_mine"
    assert lost.refusal == REFUSED
    winner = replies.index(won)
    for client in two_clients:
        text = (await client.wait("resp_mine")).output[-1]["content"][0]["text"]
        assert text == "AB"[winner]
    assert not stored_by(two_clients[1 - winner].server).running


def test_a_stream_is_sent_again(chat: Client, listen: Callable[..., str]) -> None:
    """To the OpenAI SDK, which puts its events together."""
    answer = chat_answer(
        "Looking.", ("get_weather", {"city": "Oslo"}), reasoning="Where?"
    )
    url = listen(chat.server, lambda _: answer)
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        seen = []
        for _ in range(2):
            with client.responses.stream(
                model="scripted",
                input="Weather?",
                tools=[WEATHER_TOOL],  # type: ignore[list-item]
                extra_body={"request_id": "resp_mine"},
            ) as stream:
                events = list(stream)
            kinds = dict.fromkeys(event.type for event in events)
            seen.append((kinds, stream.get_final_response().to_dict()))
            for event in events:
                if event.type in ("response.created", "response.in_progress"):
                    assert event.response.status == "in_progress"
                    assert event.response.output == []
                    assert event.response.usage is None
    assert seen[0][1] == seen[1][1]
    assert len(chat.server.engine.prompts["resp_mine"]) == 1
    assert [*seen[1][0]] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.reasoning_text.delta",
        "response.reasoning_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.output_text.delta",
        "response.output_text.done",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.completed",
    ]
    assert set(seen[0][0]) == set(seen[1][0])


async def test_the_stream_of_a_failed_response_is_sent_again(
    two_clients: tuple[Client, Client],
) -> None:
    def fail(_: Any) -> Answer:
        raise RuntimeError("the engine failed")

    first, second = two_clients
    first.server.engine.script = fail
    body = {**BODY, "background": True, "stream": True}
    seen = await first.create(body)
    assert seen.events[-1]["type"] == "response.failed"
    # The other server has no events of it, and makes them of what is stored.
    again = await second.create(body, "Never.")
    assert [event["type"] for event in again.events] == [
        "response.created",
        "response.in_progress",
        "response.failed",
    ]
    begun, last = again.events[0]["response"], again.events[-1]["response"]
    assert (begun["status"], begun["error"]) == ("in_progress", None)
    assert last == (await second.retrieve("resp_mine")).body
    assert last["error"]["message"] == "The model's generation has failed."


async def test_the_stream_of_a_cancelled_response_is_sent_again(
    two_clients: tuple[Client, Client],
) -> None:
    first, second = two_clients
    body = {**BODY, "background": True, "stream": True}
    never = asyncio.Event()
    streaming = asyncio.create_task(first.create(body, Answer("Hi.", gate=never)))
    prompts = first.server.engine.prompts
    while not (prompts.get("resp_mine") or streaming.done()):
        await asyncio.sleep(0)
    assert (await first.cancel("resp_mine")).body["status"] == "cancelled"
    await streaming
    again = await second.create(body, "Never.")
    # None of OpenAI's last events says that a response was cancelled.
    assert [event["type"] for event in again.events] == [
        "response.created",
        "response.in_progress",
    ]


async def test_an_id_that_has_expired_names_another_response(
    two_clients: tuple[Client, Client],
) -> None:
    first, second = two_clients
    await first.create(BODY, "A.")
    # Which the first one keeps in memory, and the second one finds expired.
    a_month_later(second.server)
    expired = await second.create(
        {"input": "And?", "previous_response_id": "resp_mine"}, "Never."
    )
    assert expired.refusal == (
        400,
        "invalid_request_error",
        "previous_response_id",
        "Previous response with id 'resp_mine' not found. It has expired.",
    )
    anew = await second.create({**BODY, "input": "B?"}, "B.")
    child = await second.create(
        {"input": "And?", "previous_response_id": anew.id}, "Yes."
    )
    for id in (child.id, anew.id):
        chained = await first.create(
            {"input": "So?", "previous_response_id": id}, "Done."
        )
        assert "B?" in chained.prompt.text
        assert "A?" not in chained.prompt.text


async def test_events_of_an_id_that_has_expired_are_not_another_response_s(
    two_clients: tuple[Client, Client],
) -> None:
    first, second = two_clients
    body = {**BODY, "background": True, "stream": True}
    await first.create(body, "A.")
    url = "/v1/responses/resp_mine?stream=true"
    assert "A." in (await first.server.http.get(url)).text
    # Another second, as ids live longer than one.
    await asyncio.sleep(1)
    a_month_later(first.server, second.server)
    await second.create({**body, "input": "B?"}, "B.")
    refused = await first.server.http.get(url)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "stream"
    assert "B." in (await second.server.http.get(url)).text
