"""The OpenAI Agents SDK with `auto_previous_response_id`."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import openai
import pytest
from agents import (
    Agent,
    OpenAIResponsesModel,
    RunConfig,
    Runner,
    RunResult,
    RunResultStreaming,
    function_tool,
)
from conversation import CITIES, weather_answers
from harness.answers import chat_answer
from harness.app import MODEL_NAME
from harness.client import Client, Item
from harness.event_loop import EventLoopThread
from harness.scripted_engine import EnginePrompt

Listen = Callable[..., str]
Run = Callable[..., Any]
HANDOFF = chat_answer("", ("transfer_to_meteorologist", {}), reasoning="Not for me.")


@dataclass
class Requests:
    """The bodies of the requests that the SDK has made."""

    bodies: list[Item] = field(default_factory=list)

    async def note(self, request: httpx.Request) -> None:
        self.bodies.append(json.loads(request.content))


@function_tool
def get_weather(city: str) -> str:
    """Get the current weather of a city."""
    return f"{city}: {-len(city)} degrees"


@pytest.fixture
def requests() -> Requests:
    return Requests()


@pytest.fixture
def agent(
    chat: Client, listen: Listen, requests: Requests, event_loop_thread: EventLoopThread
) -> Iterator[Agent]:
    """A receptionist who hands over to a meteorologist."""
    url = listen(chat.server, lambda _prompt: next(answers))
    answers = iter([HANDOFF, *weather_answers(), chat_answer("You are welcome.")])
    http = httpx.AsyncClient(event_hooks={"request": [requests.note]})
    sdk = openai.AsyncOpenAI(
        base_url=url, api_key="none", max_retries=0, http_client=http
    )
    model = OpenAIResponsesModel(MODEL_NAME, sdk)
    meteorologist = Agent(
        "Meteorologist",
        instructions="Look up every city.",
        tools=[get_weather],
        model=model,
    )
    yield Agent(
        "Receptionist",
        instructions="Find out who can help.",
        handoffs=[meteorologist],
        model=model,
    )
    event_loop_thread.run(sdk.close())


async def _run(*arguments: Any, **options: Any) -> RunResult | RunResultStreaming:
    return await Runner.run(*arguments, **options)


async def _run_streamed(
    *arguments: Any, **options: Any
) -> RunResult | RunResultStreaming:
    result = Runner.run_streamed(*arguments, **options)
    async for _event in result.stream_events():
        pass
    return result


ways = pytest.mark.parametrize("run", [_run, _run_streamed])


async def hold(agent: Agent, run: Run) -> list[Any]:
    """A run with a handoff and nine turns with tools, then two more."""
    options = {
        "max_turns": 20,
        "auto_previous_response_id": True,
        "run_config": RunConfig(tracing_disabled=True),
    }
    result = await run(agent, "What is the weather in all my cities?", **options)
    responses = list(result.raw_responses)
    for question in ("Which is the coldest?", "Thank you."):
        result = await run(
            result.last_agent,
            question,
            previous_response_id=result.last_response_id,
            **options,
        )
        responses += result.raw_responses
    return responses


async def prompts(
    chat: Client, requests: Requests, responses: list[Any]
) -> list[tuple[EnginePrompt, EnginePrompt]]:
    """The prompts of every request, as it was made and with all items as input."""
    history: list[Item] = []
    engine = chat.server.engine
    found = []
    for body, response in zip(list(requests.bodies), responses, strict=True):
        new_input = body["input"]
        if isinstance(new_input, str):
            new_input = [{"role": "user", "content": new_input}]
        history += new_input
        replay = {k: v for k, v in body.items() if k != "previous_response_id"}
        reply = await chat.create(
            {**replay, "input": history, "stream": False}, chat_answer()
        )
        found.append((engine.prompts[response.response_id][0], reply.prompt))
        history += response.to_input_items()
    return found


@ways
@pytest.mark.guards("reconstruction")
async def test_chained_equals_replayed(
    chat: Client, agent: Agent, requests: Requests, run: Run
) -> None:
    responses = await hold(agent, run)

    previous = [body.get("previous_response_id") for body in requests.bodies]
    assert previous == [None, *(r.response_id for r in responses[:-1])]
    assert len(responses) == 12
    for chained, replayed in await prompts(chat, requests, responses):
        assert chained.token_ids == replayed.token_ids
    for city in CITIES:
        assert f'get_weather({{"city": "{city}"}})' in chained.text
    assert "transfer_to_meteorologist" in chained.text
    assert "Look up every city." in chained.text
    assert "Find out who can help." not in chained.text


@ways
@pytest.mark.usefixtures("stock")
async def test_stock_loses_the_handoff_and_every_call(
    chat: Client, agent: Agent, requests: Requests, run: Run
) -> None:
    responses = await hold(agent, run)

    chained, replayed = (await prompts(chat, requests, responses))[-1]
    assert replayed.text.count("[call ") == 13
    assert "transfer_to_meteorologist" in replayed.text
    assert "[call " not in chained.text
    assert "transfer_to_meteorologist" not in chained.text
