"""No request changes what is stored of another."""

import asyncio
import json

import pytest
from harness.answers import chat_answer
from harness.app import PARSER_CONTEXT, ServerFactory, environment
from harness.client import Client, Conversation
from harness.vllm_compat import ARGUMENTS_ARE_AN_OBJECT
from tool_conversation import QUESTION, WEATHER_TOOL, calls_of, result_of, user


@pytest.mark.guards("snapshots")
async def test_parser_context_can_be_chained(
    chat_server_factory: ServerFactory,
) -> None:
    with environment(**{PARSER_CONTEXT: "1"}):
        client = Client(await chat_server_factory.start())
        first = await client.create(
            {"input": QUESTION, "tools": [WEATHER_TOOL]},
            chat_answer("", ("get_weather", {"city": "Oslo"}), reasoning="Look."),
        )
        conversation = Conversation().extended(QUESTION, first)
        (call,) = calls_of(first.output)
        for _ in range(3):
            new_input = [*result_of(call), user("And?")]
            body = conversation.chain_body(new_input)
            reply = await client.create(body, chat_answer("65F.", reasoning="So."))
            assert reply.status == 200, reply.body
            retried = await client.create(body, chat_answer("65F.", reasoning="So."))
            replayed = await client.create(
                conversation.replay_body(new_input), chat_answer("65F.")
            )
            assert reply.prompt.token_ids == replayed.prompt.token_ids
            assert retried.prompt.token_ids == replayed.prompt.token_ids
            conversation = conversation.extended(new_input, reply)
        await client.server.close()


@pytest.mark.guards("snapshots", until="0.29.0")
async def test_arguments_are_rendered_alike_on_every_turn(chat: Client) -> None:
    """Rendering decodes them, and must not do so with what it decoded before."""
    call = {
        "type": "function_call",
        "call_id": "call_1",
        "name": "get_weather",
        "arguments": json.dumps("12"),
    }
    reply = await chat.create({"input": [call, user("?")]}, chat_answer("ok"))
    conversation = Conversation().extended([call, user("?")], reply)
    for _ in range(3):
        replayed = await chat.create(conversation.replay_body("?"), chat_answer("ok"))
        reply = await chat.create(conversation.chain_body("?"), chat_answer("ok"))
        assert reply.status == 200, reply.body
        assert reply.prompt.text == replayed.prompt.text
        conversation = conversation.extended("?", reply)
    if not ARGUMENTS_ARE_AN_OBJECT:
        assert 'get_weather("12")' in reply.prompt.text


@pytest.mark.guards("snapshots")
async def test_children_at_once_on_the_parser_context(
    chat_server_factory: ServerFactory,
) -> None:
    with environment(**{PARSER_CONTEXT: "1"}):
        client = Client(await chat_server_factory.start())
        first = await client.create({"input": "root"}, chat_answer("trunk"))
        conversation = Conversation().extended("root", first)
        names = [f"<child {number}>" for number in range(20)]
        replies = await asyncio.gather(
            *(
                client.create(conversation.chain_body(name), chat_answer("leaf"))
                for name in names
            )
        )
        again = await client.create(conversation.chain_body(names[0]), chat_answer("x"))
        for name, reply in zip(names, replies, strict=True):
            assert reply.status == 200, reply.body
            others = [other for other in names if other != name]
            assert "trunk" in reply.prompt.text
            assert name in reply.prompt.text
            assert not any(other in reply.prompt.text for other in others)
        assert again.prompt.token_ids == replies[0].prompt.token_ids
        await client.server.close()
