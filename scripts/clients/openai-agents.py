"""OpenAI's Agents SDK: `auto_previous_response_id`, or `to_input_list`."""

import asyncio
from typing import Any

from agents import (
    Agent,
    OpenAIResponsesModel,
    RunConfig,
    Runner,
    function_tool,
)
from conversation import (
    BASE_URL,
    BY_ID,
    INSTRUCTIONS,
    MODEL,
    WAY,
    get_weather,
    questions,
    saw,
)
from openai import AsyncOpenAI


async def run(agent: Agent, new_input: Any, options: dict[str, Any]) -> Any:
    if WAY == "plain":
        return await Runner.run(agent, new_input, **options)
    result = Runner.run_streamed(agent, new_input, **options)
    async for _event in result.stream_events():
        pass
    return result


async def main() -> None:
    sdk = AsyncOpenAI(base_url=BASE_URL, api_key="none", max_retries=0)
    agent = Agent(
        "Meteorologist",
        instructions=INSTRUCTIONS,
        tools=[function_tool(get_weather)],
        model=OpenAIResponsesModel(MODEL, sdk),
    )
    options: dict[str, Any] = {"run_config": RunConfig(tracing_disabled=True)}
    if BY_ID:
        options["auto_previous_response_id"] = True
    history: list[Any] = []
    for question in questions():
        new_input = [*history, {"role": "user", "content": question}]
        result = await run(agent, new_input, options)
        if BY_ID:
            options["previous_response_id"] = result.last_response_id
        else:
            history = result.to_input_list()
        saw(result.final_output)


asyncio.run(main())
