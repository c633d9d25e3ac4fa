"""In Mistral's tokenizer mode, contents in parts are as good as contents in strings."""

from typing import Any

import pytest
from harness.client import Client, Conversation, Item
from harness.scripted_engine import Answer
from tool_conversation import user

CALL = {
    "type": "function_call",
    "call_id": "abcdefghi",
    "name": "get_weather",
    "arguments": "{}",
}
RESULT = {"type": "function_call_output", "call_id": "abcdefghi"}
SAID = Answer([1000])


def parts(kind: str, *texts: str) -> list[Item]:
    return [{"type": kind, "text": text} for text in texts]


def message(role: str, content: Any) -> Item:
    return {"type": "message", "role": role, "content": content}


@pytest.mark.parametrize(
    ("items", "plain"),
    [
        ([message("user", parts("input_text", "one"))], [user("one")]),
        (
            [message("system", parts("input_text", "one")), user("two")],
            [message("system", "one"), user("two")],
        ),
        (
            [user("one"), CALL, {**RESULT, "output": parts("input_text", "two")}],
            [user("one"), CALL, {**RESULT, "output": "two"}],
        ),
        (
            [user("one"), message("assistant", parts("input_text", "two")),
             user("three")],
            [user("one"), message("assistant", "two"), user("three")],
        ),
        (
            [user("one"), message("assistant", [
                *parts("output_text", "two"), {"type": "refusal", "refusal": "three"}]),
             user("four")],
            [user("one"), message("assistant", parts("output_text", "two", "three")),
             user("four")],
        ),
    ],
    ids=["user", "system", "result", "assistant", "refusal"],
)  # fmt: skip
@pytest.mark.guards("mistral-parts")
async def test_parts_are_as_good_as_a_string(
    mistral: Client, items: list[Item], plain: list[Item]
) -> None:
    first = await mistral.create({"input": items}, SAID)
    assert first.status == 200, first.body
    expected = await mistral.create({"input": plain}, SAID)
    assert list(first.prompt.token_ids) == list(expected.prompt.token_ids)

    conversation = Conversation().extended(items, first)
    new_input = [message("user", parts("input_text", "and", "now?"))]
    chained = await mistral.stream(conversation.chain_body(new_input), SAID)
    replayed = await mistral.create(conversation.replay_body(new_input), SAID)
    assert list(chained.prompt.token_ids) == list(replayed.prompt.token_ids)
