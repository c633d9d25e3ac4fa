"""The prompts of the bug report's conversation, of vLLM's server without a model."""

import re
from collections.abc import Sequence

from harness.answers import chat_answer
from harness.app import ServerFactory
from harness.client import Client, Conversation, Item
from tool_conversation import FOLLOW_UP, QUESTION, WEATHER_TOOL, calls_of, result_of

import vllm_responses_fix

TURNS = 3
STOCK, PATCHED = "Stock vLLM", "With the kit"


async def stock_and_patched(factory: ServerFactory) -> dict[str, Sequence[str]]:
    """The prompts of the turns by id, and replayed with the kit: they are the same.

    Raises:
        AssertionError: they are not.

    The kit is active afterwards.
    """
    vllm_responses_fix.uninstall()
    stock = await _prompts(factory)
    vllm_responses_fix.install()
    patched = await _prompts(factory)
    assert patched == await _prompts(factory, replayed=True)
    return {STOCK: stock, PATCHED: patched}


async def _prompts(factory: ServerFactory, *, replayed: bool = False) -> Sequence[str]:
    client = Client(await factory.start())
    conversation = Conversation()
    call = ("get_weather", {"city": "San Francisco"})
    thought = "I need the weather tool."
    answers = [
        chat_answer("", call, reasoning=thought),
        chat_answer("It is 65F and foggy."),
        chat_answer("I found 65F and foggy."),
    ]
    new_input: str | list[Item] = QUESTION
    prompts = []
    for answer in answers:
        make = conversation.replay_body if replayed else conversation.chain_body
        tools = {} if prompts else {"tools": [WEATHER_TOOL]}
        reply = await client.create(make(new_input, **tools), answer)
        prompts.append(_with_short_ids(reply.prompt.text))
        conversation = conversation.extended(new_input, reply)
        calls = calls_of(reply.output)
        new_input = result_of(calls[0]) if calls else FOLLOW_UP
    await client.server.close()
    return prompts


def _with_short_ids(prompt: str) -> str:
    """The prompt with an id that is the same in each run."""
    return re.sub(r"chatcmpl-tool-[0-9a-f]+|call_[0-9a-f]+", "call_1", prompt)
