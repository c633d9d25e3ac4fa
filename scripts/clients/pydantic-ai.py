"""Pydantic AI: `openai_previous_response_id="auto"`, or `message_history`."""

import asyncio
from collections.abc import AsyncIterable
from typing import Any

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
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIResponsesModel, OpenAIResponsesModelSettings
from pydantic_ai.providers.openai import OpenAIProvider


async def read(_context: object, events: AsyncIterable[object]) -> None:
    async for _event in events:
        pass


async def main() -> None:
    sdk = AsyncOpenAI(base_url=BASE_URL, api_key="none", max_retries=0)
    settings = OpenAIResponsesModelSettings()
    if BY_ID:
        settings["openai_previous_response_id"] = "auto"
    agent = Agent(
        OpenAIResponsesModel(MODEL, provider=OpenAIProvider(openai_client=sdk)),
        instructions=INSTRUCTIONS,
        tools=[get_weather],
        model_settings=settings,
    )
    history: list[Any] = []
    for question in questions():
        result = await agent.run(
            question,
            message_history=history,
            event_stream_handler=read if WAY == "streamed" else None,
        )
        history = result.all_messages()
        saw(result.output)


asyncio.run(main())
