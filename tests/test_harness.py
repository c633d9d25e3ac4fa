"""The harness itself: what other tests take for granted."""

import asyncio
import json

import openai
import pytest
from harness.answers import analysis, chat_answer, final, harmony_answer
from harness.app import MODEL_NAME, ServerFactory
from harness.client import Client, Conversation
from harness.event_loop import EventLoopThread
from harness.scripted_engine import Answer

ANY_TEXT = "naïve 日本 \U0001f642 \x00 \r\n \u2028 <b>&amp;</b> {{ x }}"


async def test_any_text_reaches_the_prompt_and_comes_back(chat: Client) -> None:
    reply = await chat.create({"input": ANY_TEXT}, chat_answer(ANY_TEXT))

    assert reply.prompt.text == (
        f"<|im_start|>user\n{ANY_TEXT}<|im_end|>\n<|im_start|>assistant\n"
    )
    assert reply.output[0]["content"][0]["text"] == ANY_TEXT


async def test_everything_a_message_has_is_rendered(chat: Client) -> None:
    conversation = Conversation()
    first = await chat.create(
        {"input": "Hi", "tools": [TOOL]},
        chat_answer("Text.", ("f", {"x": "é"}), reasoning="Why."),
    )
    conversation = conversation.extended("Hi", first)
    call_id = first.output[-1]["call_id"]
    new_input = [
        {"type": "function_call_output", "call_id": call_id, "output": "Result."},
        {"role": "developer", "content": "Rule."},
    ]
    params = {"instructions": "Be.", "reasoning": {"effort": "low"}, "tools": [TOOL]}

    reply = await chat.create(conversation.replay_body(new_input, **params), "</think>")

    for expected in (
        '<|im_start|>tools\n{"type": "function", "function": {"name": "f"',
        "<|im_start|>reasoning_effort\nlow<|im_end|>",
        "<|im_start|>system\nBe.<|im_end|>",
        "<|im_start|>user\nHi<|im_end|>",
        "[reasoning]Why.[/reasoning]",
        "Text.",
        f'[call {call_id}]f({{"x": "é"}})',
        f"<|im_start|>tool tool_call_id={call_id}\nResult.<|im_end|>",
        "<|im_start|>developer\nRule.<|im_end|>",
    ):
        assert expected in reply.prompt.text


TOOL = {"type": "function", "name": "f", "parameters": {}, "strict": False}


async def test_a_template_that_wants_parts_gets_them(chat_parts: Client) -> None:
    parts = [{"type": "input_text", "text": text} for text in ("One.", "Two.")]

    reply = await chat_parts.create(
        {"input": [{"role": "user", "content": parts}]}, chat_answer("Ok.")
    )

    assert "<|im_start|>user\n[text]One.[text]Two.<|im_end|>" in reply.prompt.text


@pytest.mark.parametrize("delta_sizes", [(), (1,), (3, 7), (1000,)], ids=str)
async def test_a_stream_carries_the_same_text(
    chat: Client, delta_sizes: tuple[int, ...]
) -> None:
    answer = chat_answer(ANY_TEXT, reasoning="Why.", delta_sizes=delta_sizes)

    reply = await chat.stream({"input": "Hi"}, answer)

    deltas = [
        event["delta"]
        for event in reply.events
        if event["type"] == "response.output_text.delta"
    ]
    assert "".join(deltas) == ANY_TEXT
    assert reply.output[-1]["content"][0]["text"] == ANY_TEXT


async def test_max_output_tokens_truncates(chat: Client) -> None:
    reply = await chat.create(
        {"input": "Hi", "max_output_tokens": 6}, chat_answer("abcdefgh")
    )

    assert reply.body["status"] == "incomplete"
    assert reply.output[0]["content"][0]["text"] == "abcd"


async def test_harmony_tokens_reach_the_server_as_written(harmony: Client) -> None:
    answer = harmony_answer(analysis("Why."), final(ANY_TEXT))

    plain = await harmony.create({"input": ANY_TEXT}, answer)
    streamed = await harmony.stream({"input": ANY_TEXT}, answer)

    assert f"<|start|>user<|message|>{ANY_TEXT}<|end|>" in plain.prompt.text
    assert streamed.prompt.token_ids == plain.prompt.token_ids
    for reply in (plain, streamed):
        assert [item["content"][0]["text"] for item in reply.output] == [
            "Why.",
            ANY_TEXT,
        ]


async def test_simultaneous_requests_get_their_own_answers(chat: Client) -> None:
    replies = await asyncio.gather(
        *(
            chat.create({"input": f"Question {n}"}, chat_answer(f"Answer {n}"))
            for n in range(20)
        )
    )

    for n, reply in enumerate(replies):
        assert f"Question {n}<|im_end|>" in reply.prompt.text
        assert reply.output[0]["content"][0]["text"] == f"Answer {n}"


async def test_a_gate_holds_a_background_response(chat: Client) -> None:
    gate = asyncio.Event()
    body = {"input": "Hi", "background": True}
    held, cancelled = [
        await chat.create(body, Answer("<think></think>Done.", gate=gate))
        for _ in range(2)
    ]

    assert (await chat.retrieve(held.id)).body["status"] == "queued"
    assert (await chat.cancel(cancelled.id)).body["status"] == "cancelled"
    gate.set()

    assert (await chat.wait(held.id)).output[0]["content"][0]["text"] == "Done."
    assert (await chat.wait(cancelled.id)).body["status"] == "cancelled"
    assert "<|im_start|>user\nHi" in (await chat.wait(held.id)).prompt.text


async def test_every_server_starts_with_empty_stores(
    chat: Client, chat_server_factory: ServerFactory
) -> None:
    reply = await chat.create({"input": "Hi"}, chat_answer("Ok."))
    other = await chat_server_factory.start()

    assert (await chat.retrieve(reply.id)).status == 200
    assert (await Client(other).retrieve(reply.id)).status == 404
    await other.close()


def test_an_sdk_client_talks_to_a_listening_server(
    chat: Client, event_loop_thread: EventLoopThread
) -> None:
    chat.server.engine.script = lambda prompt: chat_answer(
        json.dumps(len(prompt.token_ids))
    )
    listening = chat.server.listening()
    base_url = event_loop_thread.run(listening.__aenter__())
    try:
        with openai.OpenAI(base_url=base_url, api_key="none") as sdk:
            response = sdk.responses.create(model=MODEL_NAME, input="Hi")
    finally:
        event_loop_thread.run(listening.__aexit__(None, None, None))

    (prompt,) = chat.server.engine.prompts[response.id]
    assert response.output_text == str(len(prompt.token_ids))
