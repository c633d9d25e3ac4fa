"""gpt-oss: calls are known for as long as the conversation, under the ids shown."""

import asyncio
from collections.abc import Sequence

import pytest
from harness.answers import analysis, call, final, harmony_answer, preamble
from harness.client import Client, Conversation, Reply
from harness.scripted_engine import Answer
from harness.vllm_compat import is_since
from openai_harmony import Message
from turns import (
    CALLING,
    DONE,
    LOOKUP,
    both,
    message,
    rendered,
    result,
    result_header,
    result_of,
    start,
)


@pytest.mark.guards("harmony-reconstruction")
async def test_a_result_may_come_many_turns_later(harmony: Client) -> None:
    reply, conversation = await start(harmony, tools=[LOOKUP])
    late = result_of(reply)
    for text in ("Meanwhile?", "And now?"):
        turn = await both(harmony, conversation, text, tools=[LOOKUP])
        conversation = conversation.extended(text, turn)

    reply = await both(harmony, conversation, late, tools=[LOOKUP])

    header = result_header("functions.lookup")
    assert f"{header}42<|end|>" in reply.prompt.text


@pytest.mark.guards("harmony-reconstruction")
async def test_a_call_that_the_client_brought_may_be_answered_later(
    harmony: Client,
) -> None:
    brought = {
        "type": "function_call",
        "call_id": "call_brought",
        "name": "lookup",
        "arguments": '{"key": "b"}',
    }
    said = [message("user", "What is b?"), brought]
    _, conversation = await start(harmony, said, DONE)
    turn = await both(harmony, conversation, "Meanwhile?")
    conversation = conversation.extended("Meanwhile?", turn)

    reply = await both(harmony, conversation, result("call_brought"))

    assert result_header("functions.lookup") in reply.prompt.text


@pytest.mark.skipif(not is_since("0.22.0"), reason="there it is an MCP call")
@pytest.mark.guards("harmony-reconstruction")
async def test_a_call_without_its_namespace_may_be_answered_later(
    harmony: Client,
) -> None:
    answer = harmony_answer(call("", {"key": "a"}).with_recipient("lookup"))
    first, conversation = await start(harmony, answer=answer, tools=[LOOKUP])
    body = conversation.chain_body("Meanwhile?", tools=[LOOKUP])
    turn = await harmony.create(body, DONE)
    conversation = conversation.extended("Meanwhile?", turn)

    body = conversation.chain_body(result_of(first), tools=[LOOKUP])
    reply = await harmony.create(body, DONE)

    assert reply.status == 200, reply.body
    assert result_header("functions.lookup") in reply.prompt.text


async def test_calls_of_two_branches_are_apart(harmony: Client) -> None:
    _, conversation = await start(harmony, "Hello", DONE)
    first = await both(harmony, conversation, "What is a?", CALLING)
    branch = conversation.extended("What is a?", first)
    second = await harmony.create(conversation.chain_body("What is b?"), CALLING)
    other = conversation.extended("What is b?", second)

    on_its_own = await both(harmony, branch, result_of(first))
    astray = await harmony.create(other.chain_body(result_of(first)), DONE)

    assert result_header("functions.lookup") in on_its_own.prompt.text
    assert astray.status == 400


@pytest.mark.guards("harmony-items", until="0.30.0")
async def test_a_result_for_a_call_that_never_was_is_refused(harmony: Client) -> None:
    _, conversation = await start(harmony)

    for body in (
        conversation.chain_body(result("call_unheard_of")),
        conversation.replay_body(result("call_unheard_of")),
    ):
        reply = await harmony.create(body, DONE)
        assert reply.status == 400
        assert reply.body["error"]["param"] == "input"
        assert "call_unheard_of" in reply.error


@pytest.mark.guards("stream-ids", "harmony-reconstruction")
async def test_a_streamed_call_can_be_answered(harmony: Client) -> None:
    streamed = await harmony.stream({"input": "What is a?", "tools": [LOOKUP]}, CALLING)
    conversation = Conversation().extended(
        "What is a?", streamed, streamed.streamed_output
    )

    turn = await both(harmony, conversation, "Meanwhile?")
    conversation = conversation.extended("Meanwhile?", turn)
    reply = await both(
        harmony, conversation, result(streamed.streamed_output[-1]["call_id"])
    )

    assert result_header("functions.lookup") in reply.prompt.text


@pytest.mark.guards("stream-ids", "harmony-reconstruction")
async def test_a_streamed_call_of_the_background_can_be_answered(
    harmony: Client,
) -> None:
    body = {"input": "What is a?", "tools": [LOOKUP], "background": True}
    streamed = await harmony.stream(body, CALLING)
    stored = await harmony.wait(streamed.id)
    conversation = Conversation().extended("What is a?", stored)

    reply = await both(harmony, conversation, result_of(streamed))

    assert _ids(streamed.streamed_output) == _ids(stored.output)
    assert result_header("functions.lookup") in reply.prompt.text


@pytest.mark.guards("stream-ids", "harmony-reconstruction")
async def test_a_streamed_call_that_was_cut_short_keeps_its_ids(
    harmony: Client,
) -> None:
    answer = harmony_answer(call("lookup", {"key": "a"}), truncated=True)
    streamed = await harmony.stream({"input": "What is a?", "tools": [LOOKUP]}, answer)
    (opened,) = (
        event["item"]
        for event in streamed.events
        if event["type"] == "response.output_item.added"
    )
    conversation = Conversation().extended("What is a?", streamed)

    reply = await both(harmony, conversation, result(opened["call_id"]))

    assert _ids([opened]) == _ids(streamed.output)
    assert result_header("functions.lookup") in reply.prompt.text


WITHOUT_DELTA = {
    "call": harmony_answer(call("lookup", "")),
    "reasoning and call": harmony_answer(analysis("Need a."), call("lookup", "")),
    "reasoning and empty final": harmony_answer(analysis("Need a."), final("")),
}


@pytest.mark.parametrize(
    "answer",
    [
        *(
            pytest.param(
                answer, id=name, marks=pytest.mark.guards("harmony-stream-items")
            )
            for name, answer in WITHOUT_DELTA.items()
        ),
        pytest.param(
            harmony_answer(call("lookup", {"key": "a"}), delta_sizes=[100]),
            id="all at once",
            # From then on, vLLM takes deltas token by token.
            marks=pytest.mark.guards("harmony-stream-items", until="0.25.1"),
        ),
    ],
)
async def test_what_is_streamed_without_a_delta_has_ids(
    harmony: Client, answer: Answer
) -> None:
    streamed = await harmony.stream({"input": "What is a?", "tools": [LOOKUP]}, answer)

    done = _ids(streamed.streamed_output)
    assert done == _ids(streamed.output) == _ids(_opened(streamed))
    ids = [item_id for item_id, _ in done]
    assert all(ids) and len(set(ids)) == len(ids)
    assert "" not in [call_id for _, call_id in done]


@pytest.mark.guards("stream-ids", "harmony-reconstruction")
async def test_a_call_can_be_answered_however_its_stream_was_cut(
    harmony: Client,
) -> None:
    """An engine that is ahead of its client sends several tokens at once."""
    written = [analysis("Need a."), preamble("I look."), call("lookup", {"key": "a"})]
    body = {"input": "What is a?", "tools": [LOOKUP]}
    for size in range(1, len(harmony_answer(*written).content) + 1):
        answer = harmony_answer(*written, delta_sizes=[size])
        streamed = await harmony.stream(body, answer)
        (seen,) = (
            item["call_id"]
            for item in streamed.streamed_output
            if item["type"] == "function_call"
        )
        conversation = Conversation().extended("What is a?", streamed)
        reply = await both(harmony, conversation, result(seen))
        assert result_header("functions.lookup") in reply.prompt.text


@pytest.mark.guards("harmony-call-items")
@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_on_the_analysis_channel_can_be_answered(
    harmony: Client, stream: bool
) -> None:
    answer = harmony_answer(call("lookup", {"key": "a"}).with_channel("analysis"))
    send = harmony.stream if stream else harmony.create
    reply = await send({"input": "What is a?", "tools": [LOOKUP]}, answer)
    assert [item["type"] for item in reply.output] == ["function_call"]
    conversation = Conversation().extended("What is a?", reply)

    chained = await harmony.create(conversation.chain_body(result_of(reply)), DONE)

    assert chained.status == 200
    assert '{"key": "a"}' in chained.prompt.text
    assert result_header("functions.lookup") in chained.prompt.text


@pytest.mark.parametrize(
    ("written", "as_written"),
    [
        (call("lookup", {"key": "a"}).with_channel("analysis"), "analysis"),
        (call("lookup", {"key": "a"}).with_content_type("code"), "code"),
    ],
    ids=["channel", "content type"],
)
async def test_a_call_that_was_written_otherwise_is_replayed_in_the_documented_form(
    harmony: Client, written: Message, as_written: str
) -> None:
    """A limit: a function_call item has neither channel nor content type."""
    reply, conversation = await start(harmony, answer=harmony_answer(written))

    chained = await harmony.create(conversation.chain_body(result_of(reply)), DONE)
    replayed = await harmony.create(conversation.replay_body(result_of(reply)), DONE)

    documented = rendered(call("lookup", {"key": "a"}))
    assert documented in replayed.prompt.text
    assert documented not in chained.prompt.text
    header = "assistant to=functions.lookup<|channel|>"
    assert as_written in chained.prompt.text.partition(header)[2].partition("{")[0]


@pytest.mark.guards("harmony-call-items")
@pytest.mark.parametrize("truncated", [False, True])
async def test_the_name_of_a_call_may_have_dots(
    harmony: Client, truncated: bool
) -> None:
    tool = {**LOOKUP, "name": "tables.lookup"}
    answer = harmony_answer(call("tables.lookup", {"key": "a"}), truncated=truncated)
    reply, conversation = await start(harmony, answer=answer, tools=[tool])
    assert reply.output[-1]["name"] == "tables.lookup"

    chained = await both(harmony, conversation, result_of(reply), tools=[tool])

    assert result_header("functions.tables.lookup") in chained.prompt.text


@pytest.mark.guards("harmony-reconstruction")
async def test_children_leave_their_parent_alone(harmony: Client) -> None:
    reply, conversation = await start(harmony, tools=[LOOKUP], instructions="Be brief.")
    inputs = [result_of(reply, f"result {number}") for number in range(4)]

    async def child(number: int) -> Reply:
        return await harmony.create(
            conversation.chain_body(inputs[number], instructions=f"Child {number}."),
            harmony_answer(analysis(f"Thought {number}."), final(f"Said {number}.")),
        )

    first = [await child(number) for number in range(4)]
    at_once = await asyncio.gather(*(child(number) for number in range(4)))

    for number, (one, other) in enumerate(zip(first, at_once, strict=True)):
        alone = await both(
            harmony, conversation, inputs[number], instructions=f"Child {number}."
        )
        assert one.prompt.token_ids == other.prompt.token_ids
        assert one.prompt.token_ids == alone.prompt.token_ids
        assert f"result {number}" in one.prompt.text


def _opened(streamed: Reply) -> list[dict[str, str]]:
    added = "response.output_item.added"
    return [event["item"] for event in streamed.events if event["type"] == added]


def _ids(items: Sequence[dict[str, str]]) -> list[tuple[str, str | None]]:
    return [(item["id"], item.get("call_id")) for item in items]
