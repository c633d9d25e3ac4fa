"""What `/metrics` says of the store."""

import asyncio
import math
import time
from collections.abc import Mapping
from itertools import pairwise

import pytest
from harness.app import ServerFactory
from harness.client import Client
from harness.scripted_engine import Answer
from shared_store import a_month_later, close, start_with_store, stored_by

from vllm_responses_fix.stored import conversations

pytestmark = pytest.mark.guards("stored-responses")

PREFIX = "vllm:responses_fix_store_"


async def samples(client: Client) -> dict[str, float]:
    """The store's samples; other servers of this process have counted as well."""
    text = (await client.server.http.get("/metrics")).text
    lines = [line.split(" ") for line in text.splitlines() if line.startswith(PREFIX)]
    return {name.removeprefix(PREFIX): float(value) for name, value in lines}


def grown(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What has been counted between the two."""
    return {
        name: after[name] - before.get(name, 0.0)
        for name in after
        if ("_total" in name or "_count" in name) and after[name] != before.get(name)
    }


async def test_what_a_conversation_counts(chat: Client) -> None:
    before = await samples(chat)
    assert before["given_up_total"] >= 0
    first = await chat.create({"input": "One."}, "First.")
    body = {"input": "Two.", "previous_response_id": first.id}
    await chat.create(body, "Second.")
    assert grown(before, await samples(chat)) == {
        "stored_total": 2,
        "cache_hits_total": 1,
        'call_seconds_count{call="put"}': 2,
        'call_seconds_count{call="head"}': 1,
    }
    stored_by(chat.server).cache.clear()
    before = await samples(chat)
    await chat.create({**body, "store": False}, "Third.")
    await chat.retrieve(first.id)
    assert grown(before, await samples(chat)) == {
        "loaded_total": 2,
        'call_seconds_count{call="chain"}': 1,
        'call_seconds_count{call="get"}': 1,
    }


async def test_calls_that_are_timed(chat: Client) -> None:
    before = await samples(chat)
    started = time.perf_counter()
    made = await chat.create({"input": "Hi.", "request_id": "resp_mine"}, "Hello.")
    await chat.server.http.delete(f"/v1/responses/{made.id}")
    stored = stored_by(chat.server)
    await stored._sweep()
    await stored.call(stored.store.touch, [])
    after = await samples(chat)
    seconds = time.perf_counter() - started
    counted = grown(before, after)
    assert counted["stored_total"] == 1
    for call in ("get", "put_new", "delete", "sweep", "usage", "touch"):
        label = f'{{call="{call}"}}'
        assert counted[f"call_seconds_count{label}"] >= 1
        took = f"call_seconds_sum{label}"
        assert 0 < after[took] - before.get(took, 0.0) < seconds
    limits = [
        float(name.partition('le="')[2].partition('"')[0])
        for name in after
        if name.startswith('call_seconds_bucket{call="put_new"')
    ]
    assert (limits[0], limits[-2], limits[-1]) == (0.0005, 5.0, math.inf)
    assert all(1 < higher / lower < 3 for lower, higher in pairwise(limits[:-1]))


async def test_what_has_expired_is_counted(chat: Client) -> None:
    made = await chat.create({"input": "Hi."}, "Hello.")
    before = await samples(chat)
    stored_by(chat.server).cache.clear()
    a_month_later(chat.server)
    assert (await chat.retrieve(made.id)).status == 404
    counted = grown(before, await samples(chat))
    assert counted["expired_total"] == 1
    assert "loaded_total" not in counted


async def test_metrics_say_what_they_are(chat: Client) -> None:
    text = (await chat.server.http.get("/metrics")).text
    said = f"# HELP {PREFIX}"
    helps = dict(
        line.removeprefix(said).split(" ", 1)
        for line in text.splitlines()
        if line.startswith(said) and "_created" not in line
    )
    assert helps == {
        "stored_total": "Responses that were stored.",
        "loaded_total": "Stored responses that were read, with their conversation or "
        "without.",
        "cache_hits_total": "Conversations that were continued from a process's "
        "memory.",
        "evicted_total": "Stored responses that were removed for the limit of bytes.",
        "expired_total": "Stored responses that were removed because nobody used them "
        "for long.",
        "given_up_total": "Responses that could not be stored.",
        "bytes": "Bytes of all stored responses.",
        "call_seconds": "Time of a call of the store, in seconds.",
    }


async def test_what_is_evicted_and_the_bytes_that_are_left(
    chat_server_factory: ServerFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = await start_with_store(
        chat_server_factory,
        1,
        VLLM_RESPONSES_FIX_STORE="memory",
        VLLM_RESPONSES_FIX_STORE_MAX_BYTES="10kB",
    )
    client = Client(servers[0])
    before = await samples(client)
    assert before["bytes"] == 0
    replies = [await client.create({"input": "Hi."}, "Hello.") for _ in range(20)]
    stored_by(client.server).cache.clear()
    assert (await client.retrieve(replies[0].id)).refusal == (
        404,
        "invalid_request_error",
        "response_id",
        f"Response with id '{replies[0].id}' not found. It was evicted to make room "
        "for newer ones.",
    )
    after = grown(before, await samples(client))
    usage = stored_by(client.server).store.usage()
    assert after["stored_total"] == 20
    assert after["evicted_total"] == 20 - usage.records > 0
    monkeypatch.setattr(conversations, "SWEEP_SECONDS", 0.0)
    await client.retrieve("resp_unknown")
    await client.create({"input": "Hi."}, "Hello.")
    assert 0 < (await samples(client))["bytes"] <= 10_000
    await close(servers)


async def test_what_is_given_up(chat: Client) -> None:
    before = await samples(chat)
    first = await chat.create({"input": "One."}, "First.")
    gate = asyncio.Event()
    second = asyncio.create_task(
        chat.create(
            {"input": "Two.", "previous_response_id": first.id},
            Answer("Second.", gate=gate),
        )
    )
    while not stored_by(chat.server)._turns:
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    await chat.server.http.delete(f"/v1/responses/{first.id}")
    gate.set()
    assert (await second).status == 200
    assert grown(before, await samples(chat))["given_up_total"] == 1
