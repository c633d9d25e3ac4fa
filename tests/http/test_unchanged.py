"""What the patches leave as stock has it."""

import pytest
from harness.answers import chat_answer
from harness.client import Client
from harness.scripted_engine import Answer
from tool_conversation import WEATHER_TOOL, user

import vllm_responses_fix

REPLAYED = [
    {"role": "system", "content": "a system item"},
    {"role": "developer", "content": [{"type": "input_text", "text": "a part"}]},
    user("question"),
    {"role": "assistant", "content": "an easy message"},
    user("more"),
    {"type": "message", "role": "assistant", "content": [{"type": "output_text",
     "text": "an output message"}]},
    user("a call"),
    {"type": "function_call", "call_id": "c", "name": "get_weather",
     "arguments": '{"city": "Oslo"}'},
    {"type": "function_call_output", "call_id": "c", "output": "sunny"},
    {"type": "reasoning", "id": "rs_1", "summary": [],
     "content": [{"type": "reasoning_text", "text": "why"}]},
    user("last"),
]  # fmt: skip


@pytest.mark.parametrize("new_input", ["hello", REPLAYED])
async def test_a_request_without_previous_response_renders_as_on_stock(
    either_chat: Client, new_input: object
) -> None:
    body = {
        "input": new_input,
        "instructions": "be brief",
        "tools": [WEATHER_TOOL],
    }
    patched = await either_chat.create(body, chat_answer("ok"))
    vllm_responses_fix.uninstall()
    try:
        stock = await either_chat.create(body, chat_answer("ok"))
    finally:
        vllm_responses_fix.install()
    assert patched.prompt.token_ids == stock.prompt.token_ids


@pytest.mark.kit_alone
async def test_a_server_that_was_there_before_the_kit_goes_on(
    stock: None, chat: Client
) -> None:
    first = await chat.create({"input": [user("question")]}, chat_answer("It is so."))
    vllm_responses_fix.install()
    body = {"input": [user("more")], "previous_response_id": first.id}
    chained = await chat.create(body, chat_answer("ok"))
    assert chained.status == 200
    assert "It is so." in chained.prompt.text


async def test_a_server_goes_on_when_the_kit_is_taken_out(chat: Client) -> None:
    vllm_responses_fix.uninstall()
    try:
        first = await chat.create({"input": "question"}, chat_answer("It is so."))
        body = {"input": "more", "previous_response_id": first.id}
        chained = await chat.create(body, chat_answer("ok"))
        assert (await chat.retrieve(first.id)).body == first.body
    finally:
        vllm_responses_fix.install()
    assert chained.status == 200
    for text in ("question", "It is so."):
        assert text in chained.prompt.text


async def test_two_answers_in_a_row_stay_two(chat: Client) -> None:
    answer = {
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Four.", "annotations": []}],
        "id": "msg_1",
    }
    said = {"type": "output_text", "text": "Yes.", "annotations": []}
    again = {**answer, "content": [said]}
    reply = await chat.create(
        {"input": [user("2 + 2?"), answer, again, user("Sure?")]}, chat_answer(".")
    )
    assert "Four." in reply.prompt.text
    assert "Yes." in reply.prompt.text


@pytest.mark.parametrize("more", [{}, {"stream": True}])
async def test_a_trace_goes_on_in_the_engine(
    chat: Client, more: dict[str, bool]
) -> None:
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    first = await chat.create({"input": "question"}, "It is so.")
    engine = chat.server.engine
    before = len(engine.prompts)
    engine.script = lambda _: Answer("ok")
    await chat.server.http.post(
        "/v1/responses",
        json={"input": "more", "previous_response_id": first.id, **more},
        headers=trace,
    )
    (prompt,) = [*engine.prompts.values()][before]
    assert prompt.trace_headers == trace
