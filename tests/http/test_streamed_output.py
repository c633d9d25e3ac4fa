"""What a stream has shown is what is stored: the very same items."""

from collections.abc import Iterator
from typing import Any

import pytest
from agreement import contents, stream_and_go_on
from every_request import answers
from harness.answers import chat_answer, hermes_call
from harness.app import ServerFactory, environment
from harness.client import Client
from harness.event_loop import EventLoopThread
from harness.scripted_engine import Answer
from harness.vllm_compat import is_since
from hidden_sources import knowing_up_to
from openai.types.responses import ResponseFunctionToolCall
from tool_conversation import QUESTION, WEATHER_TOOL, calls_of, result_of, user

from vllm_responses_fix.deciding import decide
from vllm_responses_fix.patches import PATCHES
from vllm_responses_fix.patches.chat.streamed_output.stream import Stream
from vllm_responses_fix.patching import undo_all

ANSWER = chat_answer(
    "Let me look.",
    ("get_weather", {"city": "Oslo"}),
    ("get_weather", {"city": "Lima"}),
    reasoning="Two calls.",
)
BODY = {"input": QUESTION, "tools": [WEATHER_TOOL]}
DELTA_SIZES = [1, 2, 3, 7, 1000]
CALL = hermes_call("get_weather", {"city": "Oslo"})


@pytest.fixture(params=["chat", "mistral"])
def client(request: pytest.FixtureRequest) -> Client:
    return request.getfixturevalue(request.param)


def cut(answer: str, size: int) -> Answer:
    """An answer that comes in deltas of some tokens."""
    return Answer(answer, delta_sizes=(size,))


@pytest.mark.guards("streamed-output")
async def test_events_and_stored_response_agree(chat: Client) -> None:
    reply = await stream_and_go_on(chat, BODY, ANSWER)
    assert len(reply.output) == 4


@pytest.mark.guards("streamed-output")
async def test_events_of_a_background_stream_too(chat: Client) -> None:
    await stream_and_go_on(chat, {**BODY, "background": True}, ANSWER)


@pytest.mark.guards("streamed-output", until="0.32.0")
@pytest.mark.parametrize("size", DELTA_SIZES)
async def test_logprobs_are_those_of_the_deltas(chat: Client, size: int) -> None:
    asked = {
        **BODY,
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 2,
    }
    text = "Let me look \U0001f469."
    answer = f"<think>\nWhy?\n</think>\n\n{text}\n{CALL}"
    reply = await chat.stream(asked, cut(answer, size))
    shown = [
        logprob
        for event in reply.events
        if event["type"] == "response.output_text.delta"
        for logprob in event["logprobs"]
    ]
    (stored,) = (item for item in reply.output if item["type"] == "message")
    logprobs = stored["content"][0]["logprobs"]
    assert stored in reply.streamed_output
    assert (await chat.retrieve(reply.id)).output == reply.output
    shown_text = "".join(logprob["token"] for logprob in logprobs)
    assert text in shown_text == stored["content"][0]["text"]
    assert logprobs == [
        {
            **with_bytes(logprob),
            "top_logprobs": [*map(with_bytes, logprob["top_logprobs"])],
        }
        for logprob in shown
    ]


def with_bytes(logprob: dict[str, Any]) -> dict[str, Any]:
    return {**logprob, "bytes": [*logprob["token"].encode()]}


# Where vLLM has the ids right itself, the call is still missing without this one.
@pytest.mark.guards("reconstruction")
async def test_a_streaming_agent_answers_the_call_it_saw(chat: Client) -> None:
    first = await chat.stream(BODY, ANSWER)
    call = calls_of(first.streamed_output)[-1]
    second = await chat.stream(
        {"input": result_of(call), "previous_response_id": first.id},
        chat_answer("65F."),
    )
    assert second.prompt.text.count(call["call_id"]) == 2


@pytest.mark.guards("streamed-output")
@pytest.mark.parametrize("size", DELTA_SIZES)
async def test_white_space_before_a_call_is_no_message(chat: Client, size: int) -> None:
    """As Qwen3 writes it."""
    answer = cut(f"<think>why\n</think>\n\n{CALL}", size)
    reply = await stream_and_go_on(chat, BODY, answer)
    assert [item["type"] for item in reply.output] == ["reasoning", "function_call"]


@pytest.mark.guards("streamed-output")
@pytest.mark.parametrize("size", DELTA_SIZES)
async def test_a_call_without_json_can_be_answered(chat: Client, size: int) -> None:
    broken = CALL.replace('"Oslo"', "Oslo")
    reply = await stream_and_go_on(chat, BODY, cut(f"<think>why</think>{broken}", size))
    assert reply.output[0]["content"][0]["text"] == "why"


@pytest.mark.guards("streamed-output")
@pytest.mark.parametrize("size", DELTA_SIZES)
async def test_streamed_is_as_not_streamed(client: Client, size: int) -> None:
    for name, answer in answers(client).items():
        sized = Answer(answer.content, answer.truncated, delta_sizes=(size,))
        reply = await stream_and_go_on(client, BODY, sized)
        plain = await client.create(BODY, answer)
        # What was shown of a call can't be taken back.
        if name != "truncated call":
            assert contents(reply.output) == contents(plain.output), name


@pytest.mark.guards("streamed-output")
async def test_what_a_parser_holds_back_at_the_end_is_shown(chat: Client) -> None:
    """It may be a call yet, when the tokens that are allowed run out."""
    answer = Answer(
        f"<think>why</think>ok{CALL[:18]}", truncated=True, delta_sizes=(1,)
    )
    reply = await stream_and_go_on(chat, BODY, answer)
    plain = await chat.create(BODY, answer)
    assert contents(reply.output) == contents(plain.output)
    assert reply.output[-1]["status"] == plain.output[-1]["status"]
    assert contents(reply.output)[-1][2].endswith(CALL[:18])


@pytest.fixture
def granite(
    chat_server_factory: ServerFactory, event_loop_thread: EventLoopThread
) -> Iterator[Client]:
    """A client of a server with Granite's parsers."""
    factory = chat_server_factory.with_parsers("granite", "granite")
    with environment():
        server = event_loop_thread.run(factory.start())
        yield Client(server)
    event_loop_thread.run(server.close())


@pytest.mark.guards("streamed-output")
async def test_a_call_that_a_stream_shows_as_text_follows(granite: Client) -> None:
    call = '<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Oslo"}}]'
    answer = f"Here is my thought process: why Here is my response: {call}"
    reply = await stream_and_go_on(granite, BODY, cut(answer, 1))
    plain = await granite.create(BODY, Answer(answer))
    types = [item["type"] for item in reply.output]
    assert types == ["reasoning", "message", "function_call"]
    assert contents(reply.output)[-1] == contents(plain.output)[-1]


@pytest.mark.kit_alone
def test_calls_follow_that_a_stream_has_not_shown() -> None:
    """One of them looks as the one that it has shown."""
    calls = [
        ResponseFunctionToolCall(
            type="function_call",
            id=f"fc_{number}",
            name=name,
            call_id=f"call_{number}",
            arguments="{}",
        )
        for number, name in enumerate(("look", "look", "find"))
    ]
    shown = Stream()
    shown.items = [calls[2], calls[0]]
    added = [event for event in shown.end(calls) if event.type.endswith("item.added")]
    assert [event.item.call_id for event in added] == ["call_1"]
    # One that it reads otherwise is not shown twice.
    shown.items = [calls[2], calls[0], calls[2]]
    assert not [*shown.end(calls)]


@pytest.mark.guards("token-deltas")
@pytest.mark.parametrize("size", [3, 7, 1000])
async def test_tokens_that_come_at_once(chat: Client, size: int) -> None:
    """As with speculative decoding; a character may be several tokens."""
    calls = CALL + CALL.replace("Oslo", "Lima")
    answer = f"<think>wärum? 東京</think>ökay 🙂{calls}"
    reply = await stream_and_go_on(chat, BODY, cut(answer, size))
    plain = await chat.create(BODY, Answer(answer))
    assert contents(reply.output) == contents(plain.output)
    assert len(reply.output) == 4


@pytest.mark.guards("own-turn")
@pytest.mark.parametrize("size", DELTA_SIZES)
async def test_reasoning_of_a_turn_before(chat: Client, size: int) -> None:
    """A template may keep the tags of earlier turns, and open none for this one."""
    before = {"role": "assistant", "content": "why</think>ok"}
    turns = [user("hi"), before, user("and now?")]
    reply = await stream_and_go_on(chat, {"input": turns}, cut("so</think>yes", size))
    assert contents(reply.output) == [("reasoning", "", "so"), ("message", "", "yes")]


CHOICES: dict[str, Any] = {
    "required": '[{"name": "get_weather", "parameters": {"city": "Oslo"}}]',
    "named": '{"city": "Oslo"}',
}


@pytest.mark.guards("streamed-output")
@pytest.mark.parametrize("size", DELTA_SIZES)
@pytest.mark.parametrize("choice", CHOICES)
async def test_a_call_that_is_asked_for(chat: Client, choice: str, size: int) -> None:
    name = {"type": "function", "name": "get_weather"}
    body = {**BODY, "tool_choice": choice if choice == "required" else name}
    written = f"<think>why</think>{CHOICES[choice]}"
    reply = await stream_and_go_on(chat, body, cut(written, size))
    plain = await chat.create(body, Answer(written))
    assert contents(reply.output) == contents(plain.output)


@pytest.mark.skipif(
    not is_since("0.32.0"), reason="vLLM stores the parse of the whole answer"
)
def test_a_kit_that_has_not_seen_what_vllm_stores_leaves_it_alone(stock: None) -> None:
    """Since 0.32 that is what it has streamed; more would be shown than stored."""
    (patch,) = (
        patch
        for patch in knowing_up_to(PATCHES, "0.31.0")
        if patch.name == "streamed-output"
    )
    (decision,) = decide([patch], {}, ())
    undo_all(decision.substitutions)
    assert decision.state == "refused"
    assert decision.reason.endswith("is streamed and not stored")
