"""gpt-oss: what the server's own tools did stays in the conversation.

The tools are real MCP servers, asked by vLLM's own tool server client.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from declared_events import check_events
from harness.answers import analysis, call, final, harmony_answer
from harness.app import ServerFactory, environment
from harness.client import Client, Conversation, Reply
from harness.event_loop import EventLoopThread
from harness.model_folder import write_harmony_model
from harness.vllm_compat import is_since
from server_tools import BROWSER, LABELS, PYTHON, TOOLS, python, search
from tool_servers import tool_servers
from turns import DONE, LOOKUP, rendered, result_of


@pytest.fixture(scope="module")
def tool_server_addresses(event_loop_thread: EventLoopThread) -> Iterator[str]:
    servers = tool_servers()
    yield event_loop_thread.run(servers.__aenter__())
    event_loop_thread.run(servers.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def factory(
    tmp_path_factory: pytest.TempPathFactory, tool_server_addresses: str
) -> ServerFactory:
    folder: Path = tmp_path_factory.mktemp("models") / "harmony"
    return ServerFactory(
        write_harmony_model(folder), (f"--tool-server={tool_server_addresses}",)
    )


@pytest.fixture
def client(
    factory: ServerFactory, event_loop_thread: EventLoopThread
) -> Iterator[Client]:
    with environment(**LABELS):
        server = event_loop_thread.run(factory.start())
        yield Client(server)
        event_loop_thread.run(server.close())


@pytest.mark.guards("harmony-tool-runs")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", TOOLS)
async def test_call_and_result_are_in_the_prompts_of_later_turns(
    client: Client, name: str, stream: bool
) -> None:
    tool, write, asked, returned = TOOLS[name]
    send = client.stream if stream else client.create
    first = await send(
        {"input": "Find out.", "tools": [tool]},
        harmony_answer(analysis("Let me see."), write(asked)),
        harmony_answer(analysis("I see."), final("Found.")),
    )
    written = write(asked)
    called = rendered(written).partition("<|message|>")[0]
    conversation = Conversation().extended("Find out.", first)
    assert len(first.prompts) == 2

    for text in ("Go on", "And then?"):
        turn = await client.create(conversation.chain_body(text), DONE)
        assert called in turn.prompt.text
        assert turn.prompt.text.count(returned) == 1
        assert turn.prompt.text.index(called) < turn.prompt.text.index(returned)
        assert "Let me see." not in turn.prompt.text
        conversation = conversation.extended(text, turn)


@pytest.mark.guards("harmony-streamed-tools")
@pytest.mark.parametrize("name", TOOLS)
async def test_a_streaming_model_sees_what_its_tool_returned(
    client: Client, name: str
) -> None:
    tool, write, asked, returned = TOOLS[name]
    body = {"input": "Find out.", "tools": [tool]}
    answers = [
        harmony_answer(analysis("Let me see."), write(asked)),
        harmony_answer(analysis("And again."), write(asked)),
        harmony_answer(analysis("I see."), final("Found.")),
    ]

    streamed = await client.stream(body, *answers)
    whole = await client.create(body, *answers)

    assert returned in streamed.prompts[1].text
    assert [prompt.text for prompt in streamed.prompts] == [
        prompt.text for prompt in whole.prompts
    ]
    chained = []
    for first in (streamed, whole):
        body = {"input": "Go on", "previous_response_id": first.id}
        chained.append((await client.create(body, DONE)).prompt.text)
    assert chained[0] == chained[1]
    assert chained[0].count(returned) == 2


@pytest.mark.guards("harmony-reconstruction")
async def test_built_in_tools_are_those_of_the_current_request(client: Client) -> None:
    first = await client.create(
        {"input": "Find out.", "tools": [PYTHON]},
        harmony_answer(python("1 + 1")),
        DONE,
    )
    second = await client.create(
        {"input": "Go on", "previous_response_id": first.id, "tools": [BROWSER]},
        harmony_answer(search("tides")),
        DONE,
    )

    system = [prompt.text.partition("<|end|>")[0] for prompt in second.prompts]
    assert "Runs Python." in first.prompt.text
    assert "Runs Python." not in system[0] and "Searches the web." in system[0]
    assert system[0] == system[1]
    third = await client.create({"input": "?", "previous_response_id": second.id}, DONE)
    assert "Searches the web." not in third.prompt.text
    assert "<output of 1 + 1>" in third.prompt.text
    assert "<pages about tides>" in third.prompt.text


@pytest.mark.guards("harmony-reconstruction")
async def test_a_tool_may_run_in_a_turn_that_calls_a_function(client: Client) -> None:
    body = {"input": "Find out.", "tools": [PYTHON, LOOKUP]}
    first = await client.stream(
        body,
        harmony_answer(analysis("Let me see."), python("1 + 1")),
        harmony_answer(analysis("I see."), call("lookup", {"key": "a"})),
    )
    late = result_of(first)
    second = await client.create(
        {"input": "Meanwhile?", "previous_response_id": first.id}, DONE
    )

    third = await client.create(
        {"input": late, "previous_response_id": second.id}, DONE
    )

    assert third.status == 200, third.body
    for text in ("<output of 1 + 1>", '{"key": "a"}', "<|message|>42<|end|>"):
        assert text in third.prompt.text


@pytest.mark.guards("stream-ids")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "python",
            marks=pytest.mark.skipif(
                is_since("0.32.0"),
                reason="an id is kept for the same type only, and code that was "
                "streamed as code_interpreter_call is stored as reasoning",
            ),
        ),
        pytest.param("browser", marks=pytest.mark.guards("harmony-web-search")),
        "container",
    ],
)
async def test_streamed_items_of_tools_keep_their_ids(
    client: Client, name: str
) -> None:
    streamed = await use_tool(client, name)
    stored = await client.retrieve(streamed.id)

    seen = [item["id"] for item in streamed.streamed_output]
    kept = [item["id"] for item in stored.output]
    assert len(kept) == 4
    assert seen == kept


@pytest.mark.kit_alone
@pytest.mark.parametrize(
    "name",
    [
        "python",
        pytest.param("browser", marks=pytest.mark.guards("harmony-web-search")),
        "container",
    ],
)
async def test_events_are_what_sdks_declare(client: Client, name: str) -> None:
    check_events(await use_tool(client, name))


@pytest.mark.guards("harmony-web-search")
async def test_a_search_is_streamed_as_the_response_has_it(client: Client) -> None:
    streamed = await use_tool(client, "browser")

    shown = [item["type"] for item in streamed.streamed_output]
    assert shown == ["reasoning", "web_search_call", "reasoning", "message"]
    assert shown == [item["type"] for item in streamed.output]
    assert streamed.streamed_output[1]["action"]["query"] == "tides"


@pytest.mark.guards("harmony-web-search")
@pytest.mark.parametrize("function", ["search", "open"])
@pytest.mark.parametrize("written", ['{"query": "tides"}', '{"query": ', "{}"])
async def test_a_search_that_no_tool_answers(
    harmony: Client, function: str, written: str
) -> None:
    """The model may write one though no request has the tool."""
    asked = call("", written).with_channel("analysis")
    answer = harmony_answer(
        analysis("Let me see."), asked.with_recipient(f"browser.{function}")
    )

    streamed = await harmony.stream({"input": "Find out."}, answer)

    check_events(streamed)
    shown = [item["type"] for item in streamed.streamed_output]
    assert shown == ["reasoning", "web_search_call"]
    assert shown == [item["type"] for item in streamed.output]


@pytest.mark.guards("harmony-web-search")
async def test_a_search_in_a_page_is_shown_as_no_other_call(harmony: Client) -> None:
    """Up to 0.29 the stream ends there, as vLLM's own item for it is not valid."""
    asked = call("", '{"pattern": "tides"}').with_channel("analysis")
    answer = harmony_answer(
        analysis("Let me see."), asked.with_recipient("browser.find")
    )

    streamed = await harmony.stream({"input": "Find out."}, answer)

    shown = {e["item"]["type"] for e in streamed.events if "item" in e}
    assert shown - {"web_search_call"} == {"reasoning"}


@pytest.mark.guards("usage")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_usage_has_its_lists_beside_the_totals(
    client: Client, stream: bool
) -> None:
    reply = await use_tool(client, "python", stream=stream)
    usage = reply.response["usage"]

    for side in ("input", "output"):
        assert all(isinstance(n, int) for n in usage[f"{side}_tokens_details"].values())
        per_turn = usage[f"{side}_tokens_per_turn"]
        assert len(per_turn) == 2
        assert sum(per_turn) == usage[f"{side}_tokens"]
    assert (await client.retrieve(reply.id)).response["usage"] == usage


async def use_tool(client: Client, name: str, *, stream: bool = True) -> Reply:
    tool, write, asked, _ = TOOLS[name]
    return await client.create(
        {"input": "Find out.", "tools": [tool], "stream": stream},
        harmony_answer(analysis("Let me see."), write(asked)),
        harmony_answer(analysis("I see."), final("Found.")),
    )


async def test_replay_lacks_what_the_items_cant_carry(client: Client) -> None:
    """A limit: the code comes back as reasoning, the result not at all."""
    first = await client.create(
        {"input": "Find out.", "tools": [PYTHON]},
        harmony_answer(analysis("Let me see."), python("1 + 1")),
        harmony_answer(call("lookup", {"key": "a"})),
    )
    conversation = Conversation().extended("Find out.", first)

    chained = await client.create(conversation.chain_body(result_of(first)), DONE)
    replayed = await client.create(conversation.replay_body(result_of(first)), DONE)

    assert "<output of 1 + 1>" in chained.prompt.text
    assert "<output of 1 + 1>" not in replayed.prompt.text
    assert "<|channel|>analysis<|message|>1 + 1<|end|>" in replayed.prompt.text
