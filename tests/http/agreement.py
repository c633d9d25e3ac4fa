"""What a stream has shown, what its response has, what is stored and what goes on."""

from typing import Any

from harness.client import Client, Conversation, Item, Reply
from harness.scripted_engine import Answer
from tool_conversation import calls_of, result_of

_TEXT_DELTAS = (
    "response.output_text.delta",
    "response.reasoning_text.delta",
    "response.function_call_arguments.delta",
)


async def stream_and_go_on(
    client: Client, body: dict[str, Any], answer: Answer
) -> Reply:
    """Stream an answer, and see that all who know its output know the same.

    That is its events, the response at its end, the stored one, and the next turn's
    prompt, chained and as a client replays what it saw.
    """
    reply = await client.stream(body, answer)
    await go_on(client, body, reply)
    return reply


async def go_on(client: Client, body: dict[str, Any], reply: Reply) -> None:
    """The same with a stream that has ended."""
    shown = reply.streamed_output
    assert shown == reply.output == (await client.retrieve(reply.id)).output
    opened = [
        event["item"]["id"]
        for event in reply.events
        if event["type"] == "response.output_item.added"
    ]
    assert opened == [item["id"] for item in shown]
    for index, item in enumerate(shown):
        events = [e for e in reply.events if e.get("output_index") == index]
        deltas = [e["delta"] for e in events if e["type"] in _TEXT_DELTAS]
        assert "".join(deltas) == text_of(item)
        assert {e["item_id"] for e in events if "item_id" in e} <= {item["id"]}

    results = [part for call in calls_of(shown) for part in result_of(call)]
    new_input = results or "go on"
    seen = Conversation().extended(body["input"], reply, shown)
    tools = {"tools": body["tools"]} if "tools" in body else {}
    end = Answer("ok")
    chained = await client.create(seen.chain_body(new_input, **tools), end)
    replayed = await client.create(seen.replay_body(new_input, **tools), end)
    assert chained.status == replayed.status == 200, (chained.body, replayed.body)
    assert chained.prompt.text == replayed.prompt.text
    assert chained.prompt.token_ids == replayed.prompt.token_ids
    for call in calls_of(shown):
        assert chained.prompt.text.count(call["call_id"]) == 2


def text_of(item: Item) -> str:
    """The text of a message or of reasoning, the arguments of a call."""
    if item["type"] == "function_call":
        return item["arguments"]
    return "".join(part["text"] for part in item["content"] or ())


def contents(output: list[Item]) -> list[tuple[str, str, str]]:
    """Output items without ids and status: type, name, text."""
    return [(i["type"], i.get("name", ""), text_of(i)) for i in output]
