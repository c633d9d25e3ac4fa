"""gpt-oss: tools of type namespace, as Codex sends them."""

from typing import Any

import pytest
from harness.answers import analysis, call, harmony_answer
from harness.client import Client, Conversation
from turns import DONE, LOOKUP, both, result_header, result_of

pytestmark = pytest.mark.guards("harmony-namespaces")

FUNCTION = {name: LOOKUP[name] for name in ("type", "name", "description")}
PARAMETERS = {"parameters": LOOKUP["parameters"]}
NAMESPACE: dict[str, Any] = {
    "type": "namespace",
    "name": "files",
    "description": "Files.",
    "tools": [{**FUNCTION, **PARAMETERS}, {**FUNCTION, **PARAMETERS, "name": "list"}],
}
TOOLS = {"tools": [NAMESPACE, LOOKUP]}
CALLING = harmony_answer(analysis("Need a."), call("files__lookup", {"key": "a"}))


@pytest.mark.parametrize("stream", [False, True])
async def test_the_functions_of_a_namespace_can_be_called(
    harmony: Client, stream: bool
) -> None:
    ask = harmony.stream if stream else harmony.create
    first = await ask({"input": "What is a?", **TOOLS}, CALLING)

    for name in ("files__lookup", "files__list", "lookup"):
        assert f"type {name} = " in first.prompt.text
    tools = first.response["tools"]
    assert [tool["name"] for tool in tools] == ["files", "lookup"]
    for output in (first.streamed_output if stream else first.output, first.output):
        made = output[-1]
        assert (made["namespace"], made["name"]) == ("files", "lookup")
    stored = await harmony.retrieve(first.id)
    assert stored.output == first.output
    named = {event["name"] for event in first.events if event.get("name")}
    assert named <= {"lookup"}

    conversation = Conversation().extended("What is a?", first)
    second = await both(harmony, conversation, result_of(first), **TOOLS)
    assert "to=functions.files__lookup" in second.prompt.text
    assert result_header("functions.files__lookup") in second.prompt.text


async def test_a_function_outside_of_namespaces_is_as_it_was(harmony: Client) -> None:
    answer = harmony_answer(call("lookup", {"key": "a"}))
    first = await harmony.create({"input": "What is a?", **TOOLS}, answer)
    assert first.output[-1]["name"] == "lookup"
    assert not first.output[-1].get("namespace")
    conversation = Conversation().extended("What is a?", first)
    await both(harmony, conversation, result_of(first), answer=DONE, **TOOLS)
