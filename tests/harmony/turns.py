"""A turn of a gpt-oss conversation, chained and replayed."""

from typing import Any

from harness.answers import analysis, call, final, harmony_answer
from harness.client import Client, Conversation, Item, Reply
from harness.harmony_encoding import harmony_encoding
from harness.scripted_engine import Answer
from harness.vllm_compat import render_harmony_messages
from openai_harmony import Author, Message, Role, TextContent

LOOKUP = {
    "type": "function",
    "name": "lookup",
    "description": "Look up a key.",
    "parameters": {"type": "object", "properties": {"key": {"type": "string"}}},
    "strict": False,
}
SEARCH = {**LOOKUP, "name": "search", "description": "Search for a key."}
CALLING = harmony_answer(analysis("Need a."), call("lookup", {"key": "a"}))
DONE = harmony_answer(final("Done."))


def result_of(reply: Reply, output: Any = "42") -> list[Item]:
    """The result of the call that a reply ends with."""
    return result(reply.output[-1]["call_id"], output)


def result(call_id: str, output: Any = "42") -> list[Item]:
    return [{"type": "function_call_output", "call_id": call_id, "output": output}]


def message(role: str, content: Any, **fields: Any) -> Item:
    return {"type": "message", "role": role, "content": content, **fields}


def rendered(*messages: Message) -> str:
    """Messages as vLLM puts them before the model; releases write calls differently."""
    text = harmony_encoding().decode(render_harmony_messages(list(messages)))
    return text.removesuffix("<|start|>assistant")


def result_header(function: str) -> str:
    """How the result of a call begins in a prompt."""
    result = Message(
        author=Author.new(Role.TOOL, function),
        content=[TextContent(text="")],
        channel="commentary",
        recipient=Role.ASSISTANT,
    )
    return rendered(result).removesuffix("<|end|>")


async def both(
    client: Client,
    conversation: Conversation,
    new_input: str | list[Item],
    answer: Answer = DONE,
    **params: Any,
) -> Reply:
    """Take the next turn chained and replayed, and compare the prompts.

    Returns:
        The chained turn.
    """
    chained = await client.create(conversation.chain_body(new_input, **params), answer)
    replayed = await client.create(
        conversation.replay_body(new_input, **params), answer
    )
    for reply in (chained, replayed):
        assert reply.status == 200, str(reply.body)[:1000]
    assert chained.prompt.text == replayed.prompt.text
    assert list(chained.prompt.token_ids) == list(replayed.prompt.token_ids)
    return chained


async def start(
    client: Client,
    new_input: str | list[Item] = "What is a?",
    answer: Answer = CALLING,
    **params: Any,
) -> tuple[Reply, Conversation]:
    """The first turn of a conversation."""
    reply = await client.create({"input": new_input, **params}, answer)
    assert reply.status == 200, str(reply.body)[:1000]
    return reply, Conversation().extended(new_input, reply)
