"""What OpenAI's SDKs declare the events of a stream to be.

The Python SDK's types are taken as they are, without converting anything. What those
of `@ai-sdk/openai` and `@openai/agents` ask for beyond them is written out here: the
details of a call that are there, and `usage` in numbers.
"""

import json
from collections.abc import Iterator
from typing import Any

from harness.client import Reply
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def check_events(reply: Reply) -> None:
    """See what each event has, and that it is of an item that is open."""
    numbers = [event["sequence_number"] for event in reply.events]
    assert numbers == list(range(len(reply.events)))
    names = [event["type"] for event in reply.events]
    assert names[:2] == ["response.created", "response.in_progress"]
    assert names[-1] in ("response.completed", "response.incomplete")
    opened: dict[int, dict[str, Any]] = {}
    for event in reply.events:
        EVENT.validate_json(json.dumps(_without_usage(event)), strict=True)
        if event["type"] == "response.output_item.added":
            # Each has the next place.
            assert event["output_index"] == len(opened)
            opened[event["output_index"]] = event["item"]
        if "item_id" in event:
            assert event["item_id"] == opened[event["output_index"]]["id"]
    for item in (*reply.streamed_output, *reply.output):
        if item["type"] == "function_call":
            details = (item["id"], item["call_id"], item["name"], item["arguments"])
            assert all(isinstance(detail, str) for detail in details)
    assert all(isinstance(n, int) for n in _numbers(reply.response["usage"]))


def _without_usage(event: dict[str, Any]) -> dict[str, Any]:
    # Releases of the SDK differ in which numbers it has.
    if "response" not in event:
        return event
    return {**event, "response": {**event["response"], "usage": None}}


def _numbers(usage: dict[str, Any]) -> Iterator[Any]:
    for name, value in usage.items():
        if isinstance(value, dict):
            yield from value.values()
        # Beside the totals no SDK looks at the lists of several turns.
        elif not name.endswith("_per_turn"):
            yield value
