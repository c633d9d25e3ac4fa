"""gpt-oss: items are converted with all that they hold, or refused with the reason."""

from typing import Any

import pytest
from harness.answers import analysis, call, harmony_answer
from harness.client import Client, Item
from openai.types.responses.response_output_item import McpCall
from openai_harmony import Message
from turns import (
    CALLING,
    DONE,
    LOOKUP,
    both,
    message,
    rendered,
    result_header,
    result_of,
    start,
)

GUARDS = pytest.mark.guards("harmony-items")
# The turn after it is compared, too, and that has no tools any more.
NEXT_TURN = pytest.mark.guards("harmony-reconstruction")
# From 0.31 on a replayed call looks as the model wrote it on stock vLLM, too.
GUARDS_UNTIL_CALLS_ARE_ALIKE = pytest.mark.guards("harmony-items", until="0.31.0")
# From 0.30 on stock vLLM names the type of an item that it doesn't know.
GUARDS_UNTIL_TYPES_ARE_NAMED = pytest.mark.guards("harmony-items", until="0.30.0")

CALL: Item = {
    "type": "function_call",
    "call_id": "call_1",
    "name": "lookup",
    "arguments": '{"key": "a"}',
}
MCP_CALL: Item = {
    "type": "mcp_call",
    "id": "mcp_1",
    "server_label": "repo_browser",
    "name": "list",
    "arguments": '{"path": "src"}',
}


def _parts(kind: str) -> list[Item]:
    return [{"type": kind, "text": "one, "}, {"type": kind, "text": "two"}]


@NEXT_TURN
@GUARDS_UNTIL_CALLS_ARE_ALIKE
async def test_a_call_is_replayed_as_the_model_wrote_it(harmony: Client) -> None:
    reply, conversation = await start(harmony, tools=[LOOKUP])

    chained = await both(harmony, conversation, result_of(reply))

    called = rendered(call("lookup", {"key": "a"}))
    returned = result_header("functions.lookup") + "42<|end|>"
    assert called + returned in chained.prompt.text


@NEXT_TURN
@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(
            message(
                "assistant",
                [
                    {"type": "output_text", "text": "one, ", "annotations": []},
                    {"type": "refusal", "refusal": "two"},
                ],
            ),
            "<|channel|>final<|message|>one, two<|end|>",
            id="parts",
            marks=GUARDS,
        ),
        pytest.param(
            message("assistant", [{"type": "refusal", "refusal": "I can't."}]),
            "<|channel|>final<|message|>I can't.<|end|>",
            id="refusal",
            marks=GUARDS,
        ),
        pytest.param(
            message("assistant", []),
            "<|channel|>final<|message|><|end|>",
            id="empty",
            marks=GUARDS_UNTIL_CALLS_ARE_ALIKE,
        ),
        pytest.param(
            message("assistant", "one"),
            "<|channel|>final<|message|>one<|end|>",
            id="text",
            marks=GUARDS_UNTIL_CALLS_ARE_ALIKE,
        ),
        pytest.param(
            {"role": "assistant", "content": _parts("input_text")},
            "<|channel|>final<|message|>one, two<|end|>",
            id="input parts",
            marks=GUARDS_UNTIL_CALLS_ARE_ALIKE,
        ),
        pytest.param(
            message("user", _parts("input_text")),
            "<|start|>user<|message|>one, two<|end|>",
            id="user parts",
            marks=GUARDS_UNTIL_CALLS_ARE_ALIKE,
        ),
        pytest.param(
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [],
                "content": _parts("reasoning_text"),
            },
            "<|channel|>analysis<|message|>one, \ntwo<|end|>",
            id="reasoning",
            marks=GUARDS_UNTIL_CALLS_ARE_ALIKE,
        ),
        pytest.param(
            {"type": "reasoning", "id": "rs_1", "summary": _parts("summary_text")},
            "<|channel|>analysis<|message|>one, \ntwo<|end|>",
            id="summary",
            marks=GUARDS,
        ),
        pytest.param(
            MCP_CALL,
            call("", {"path": "src"}).with_recipient("repo_browser.list"),
            id="mcp_call",
            marks=GUARDS,
        ),
    ],
)
async def test_all_of_an_item_is_in_the_prompt(
    harmony: Client, item: Item, expected: str | Message
) -> None:
    text = expected if isinstance(expected, str) else rendered(expected)
    first = [message("user", "Hello"), item]
    # A call after it, as Harmony leaves reasoning out after a final answer.
    reply, conversation = await start(harmony, first, CALLING, tools=[LOOKUP])
    assert text in reply.prompt.text

    chained = await both(harmony, conversation, result_of(reply))
    assert "analysis" in text or text in chained.prompt.text


@NEXT_TURN
@pytest.mark.parametrize(
    ("output", "expected"),
    [
        pytest.param(_parts("input_text"), "one, two", id="parts", marks=GUARDS),
        pytest.param([], "", id="no parts", marks=GUARDS),
        pytest.param("", "", id="nothing", marks=GUARDS_UNTIL_CALLS_ARE_ALIKE),
        pytest.param(
            '{"a": [1, 2]}',
            '{"a": [1, 2]}',
            id="JSON",
            marks=GUARDS_UNTIL_CALLS_ARE_ALIKE,
        ),
    ],
)
async def test_all_of_a_result_is_in_the_prompt(
    harmony: Client, output: Any, expected: str
) -> None:
    reply, conversation = await start(harmony, tools=[LOOKUP])

    chained = await both(harmony, conversation, result_of(reply, output))

    header = result_header("functions.lookup")
    assert f"{header}{expected}<|end|>" in chained.prompt.text


@NEXT_TURN
@GUARDS
async def test_what_came_of_an_mcp_call_is_in_the_prompt(harmony: Client) -> None:
    # The openai SDK has had errors as strings, and as objects.
    is_text = McpCall.model_fields["error"].annotation == (str | None)
    failed: Any = "no such folder"
    if not is_text:
        content = [{"type": "text", "text": failed}]
        failed = {"type": "mcp_tool_execution_error", "content": content}
    for outcome, text in (
        ({"output": "main.py"}, "main.py"),
        ({"error": failed}, "no such folder"),
    ):
        first = [message("user", "Look."), {**MCP_CALL, **outcome}]
        reply, conversation = await start(harmony, first, CALLING, tools=[LOOKUP])
        header = result_header("repo_browser.list")
        _, _, said = reply.prompt.text.partition(header)
        assert text in said
        await both(harmony, conversation, result_of(reply))


@GUARDS
async def test_an_mcp_call_of_the_model_is_replayed_under_its_name(
    harmony: Client,
) -> None:
    """Stored items have server and tool apart, those of a stream in one."""
    written = call("x", {"path": "src"}).with_recipient("repo_browser.list")
    answer = harmony_answer(analysis("Look there."), written)
    body = {"input": "Look.", "tools": [LOOKUP]}
    for reply in (
        await harmony.create(body, answer),
        await harmony.stream(body, answer),
    ):
        for seen in (reply.output, reply.streamed_output or reply.output):
            (item,) = (item for item in seen if item["type"] == "mcp_call")
            replayed = await harmony.create(
                {"input": [message("user", "Look."), item]}, DONE
            )
            assert "assistant to=repo_browser.list" in replayed.prompt.text


@pytest.mark.parametrize(
    ("item", "said"),
    [
        pytest.param(
            message(
                "user",
                [{"type": "input_image", "image_url": "data:,", "detail": "auto"}],
            ),
            "Content parts of type 'input_image' are not supported by this model. "
            "(parameter=input)",
            id="image",
            marks=GUARDS,
        ),
        pytest.param(
            {
                "type": "web_search_call",
                "id": "ws_1",
                "status": "completed",
                "action": {"type": "search", "query": "a"},
            },
            "Input items of type 'web_search_call' are not supported. "
            "(parameter=input, value=web_search_call)",
            id="web search",
            marks=GUARDS_UNTIL_TYPES_ARE_NAMED,
        ),
        pytest.param(
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [],
                "encrypted_content": "x",
            },
            "Encrypted content is not supported. (parameter=input)",
            id="encrypted",
            marks=GUARDS,
        ),
        pytest.param(
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [],
                # As short as one character of a plain text, which is read the same way.
                "content": [{"type": "x", "text": "why"}],
            },
            "A content part of an assistant message is not valid. (parameter=input)",
            id="part of type x",
            marks=GUARDS,
        ),
    ],
)
async def test_what_has_no_place_in_a_prompt_is_refused(
    harmony: Client, item: Item, said: str
) -> None:
    reply = await harmony.create({"input": [message("user", "Look."), item]}, DONE)

    assert reply.status == 400
    assert reply.body["error"]["param"] == "input"
    assert reply.error == said
