import pytest
from harness.answers import chat_answer
from harness.client import Client, Conversation

pytestmark = pytest.mark.usefixtures("stock")

TOOLS = [
    {
        "type": "function",
        "name": "lookup",
        "parameters": {"type": "object", "properties": {"key": {"type": "string"}}},
        "strict": False,
    }
]


async def test_calls_and_reasoning_are_dropped_when_chained(chat: Client) -> None:
    first = await chat.create(
        {"input": "What is a?", "tools": TOOLS},
        chat_answer("Let me look.", ("lookup", {"key": "a"}), reasoning="Need a."),
    )
    conversation = Conversation().extended("What is a?", first)
    call = first.output[-1]
    result = [
        {"type": "function_call_output", "call_id": call["call_id"], "output": "42"}
    ]

    chained = await chat.create(
        conversation.chain_body(result, tools=TOOLS), chat_answer("42.")
    )
    replayed = await chat.create(
        conversation.replay_body(result, tools=TOOLS), chat_answer("42.")
    )

    assert "Need a." in replayed.prompt.text
    assert "Need a." not in chained.prompt.text
    assert f"[call {call['call_id']}]" in replayed.prompt.text
    assert "[call " not in chained.prompt.text
