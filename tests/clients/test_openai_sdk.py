"""The OpenAI SDK, by `previous_response_id` and with all items as input."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import openai
import pytest
from conversation import CITIES, weather_answers
from harness.answers import chat_answer
from harness.app import MODEL_NAME
from harness.client import Client
from harness.scripted_engine import EnginePrompt
from openai.types.responses import Response, ResponseOutputItem
from tool_conversation import WEATHER_TOOL, result_of, user

Seen = tuple[str, Sequence[ResponseOutputItem]]
Send = Callable[..., Seen]
Listen = Callable[..., str]


def _create(sdk: openai.OpenAI, **body: Any) -> Seen:
    response: Response = sdk.responses.create(**body)
    return response.id, response.output


def _create_streamed(sdk: openai.OpenAI, **body: Any) -> Seen:
    """As a client that answers calls while the stream still runs."""
    items = []
    for event in sdk.responses.create(**body, stream=True):
        if event.type == "response.created":
            response_id = event.response.id
        elif event.type == "response.output_item.done":
            items.append(event.item)
    return response_id, items


def _stream(sdk: openai.OpenAI, **body: Any) -> Seen:
    with sdk.responses.stream(**body) as events:
        response = events.get_final_response()
    return response.id, response.output


ways = pytest.mark.parametrize("send", [_create, _create_streamed, _stream])


@pytest.fixture
def sdk(chat: Client, listen: Listen) -> Iterator[openai.OpenAI]:
    url = listen(chat.server, lambda prompt: chat_answer())
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        yield client


def ten_turns(
    server: Client, sdk: openai.OpenAI, send: Send
) -> list[tuple[EnginePrompt, EnginePrompt]]:
    """The prompts of every turn, by id and replayed."""
    engine = server.server.engine
    history: list[Any] = []
    new_input: list[Any] = [user("What is the weather in all my cities?")]
    previous: dict[str, str] = {}
    prompts = []
    for answer in weather_answers():
        engine.script = lambda _prompt, answer=answer: answer
        body = {"model": MODEL_NAME, "instructions": "Be brief."}
        body |= {"tools": [WEATHER_TOOL], "max_output_tokens": 1000}
        chained_id, output = send(sdk, **body, **previous, input=new_input)
        replayed_id, _ = send(sdk, **body, input=[*history, *new_input])
        prompts.append(tuple(engine.prompts[i][0] for i in (chained_id, replayed_id)))
        history += [*new_input, *output]
        new_input = [
            result
            for item in output
            if item.type == "function_call"
            for result in result_of(item.to_dict())
        ] or [user("Which is the coldest?")]
        previous = {"previous_response_id": chained_id}
    return prompts


@ways
@pytest.mark.guards("reconstruction")
def test_chained_equals_replayed(chat: Client, sdk: openai.OpenAI, send: Send) -> None:
    prompts = ten_turns(chat, sdk, send)

    assert len(prompts) == 10
    for chained, replayed in prompts:
        assert chained.token_ids == replayed.token_ids
    last, _ = prompts[-1]
    for city in CITIES:
        assert f'get_weather({{"city": "{city}"}})' in last.text
        assert f"I need {city}." in last.text


@ways
@pytest.mark.usefixtures("stock")
def test_stock_loses_calls_and_reasoning(
    chat: Client, sdk: openai.OpenAI, send: Send
) -> None:
    chained, replayed = ten_turns(chat, sdk, send)[-1]

    assert replayed.text.count("[call ") == 12
    assert replayed.text.count("[reasoning]") == 9
    assert "[call " not in chained.text
    assert "[reasoning]" not in chained.text
    # What is left: the results of calls nobody made.
    assert chained.text.count("<|im_start|>tool ") == 12
