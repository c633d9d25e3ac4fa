"""A long tool conversation puts the same tokens before the engine either way."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.demo.client import Client, Item, Reply
from scripts.demo.server import MODEL_NAME, Server
from scripts.demo.weather import ANNOUNCE_REQUEST, WEATHER_TOOL, Finding

FINDINGS = (
    Finding("San Francisco", "65F", "foggy"),
    Finding("Reykjavik", "-3C", "drizzling"),
    Finding("Salt Lake City", "87F", "hazy"),
    Finding("Kyoto", "15C", "mostly cloudy"),
    Finding("Dar es Salaam", "33C", "sweltering"),
    Finding("Winnipeg", "-9F", "heavy snow"),
    Finding("Ljubljana", "21C", "breezy"),
    Finding("New Orleans", "93F", "thunderstorms"),
    Finding("Tromsø", "3C", "sleet"),
    Finding("Phoenix", "105F", "sunny"),
)


def request(input_items: list[Item], salt: str, **fields: Any) -> dict[str, Any]:
    return {
        "model": MODEL_NAME,
        "input": input_items,
        "tools": [WEATHER_TOOL],
        # The prefix caches of two conversations with different salts are apart.
        "cache_salt": salt,
        **fields,
    }


def chained_conversation(client: Client) -> list[tuple[list[Item], Reply]]:
    """Ask for ten cities, two requests each, and for what was found last."""
    exchanges: list[tuple[list[Item], Reply]] = []

    def send(item: Item) -> Reply:
        previous = {"previous_response_id": exchanges[-1][1].id} if exchanges else {}
        reply = client.create(request([item], "chained", **previous))
        exchanges.append(([item], reply))
        return reply

    for number, finding in enumerate(FINDINGS):
        # Asked to say so first, the model answers with a message and a call.
        announce = ANNOUNCE_REQUEST if number % 2 else ""
        question = f"{announce}What is the weather in {finding.city}?"
        (call,) = send({"role": "user", "content": question}).calls
        result = {
            "type": "function_call_output",
            "call_id": call["call_id"],
            "output": finding.tool_output(),
        }
        assert finding.temp in send(result).text
    recalled = send({"role": "user", "content": "What did you find?"})
    assert FINDINGS[-1].temp in recalled.text
    return exchanges


def replayed_conversation(
    client: Client, exchanges: list[tuple[list[Item], Reply]]
) -> list[Reply]:
    history: list[Item] = []
    replies = []
    for items, reply in exchanges:
        history += items
        replies.append(client.create(request(list(history), "replayed", store=False)))
        history += reply.output
    return replies


@pytest.fixture(scope="module")
def replies(patched_server: Server) -> list[tuple[Reply, Reply]]:
    """Every turn chained and replayed, both starting on a cold prefix cache."""
    with Client(patched_server.url) as client:
        exchanges = chained_conversation(client)
        replays = replayed_conversation(client, exchanges)
    chained = [reply for _, reply in exchanges]
    return list(zip(chained, replays, strict=True))


def test_chained_and_replayed_prompts_are_equal(
    replies: list[tuple[Reply, Reply]],
) -> None:
    for chained, replayed in replies:
        assert chained.prompt_token_ids == replayed.prompt_token_ids


def test_chaining_uses_the_prefix_cache_as_well(
    replies: list[tuple[Reply, Reply]],
) -> None:
    for chained, replayed in replies[1:]:
        assert chained.cached_tokens >= replayed.cached_tokens > 0
