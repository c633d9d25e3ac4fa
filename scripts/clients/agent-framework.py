"""Microsoft's Agent Framework: stored by the service, or with `store=False`."""

import asyncio

from agent_framework import Agent
from agent_framework.openai import OpenAIChatClient
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


async def main() -> None:
    sdk = AsyncOpenAI(base_url=BASE_URL, api_key="none", max_retries=0)
    agent = Agent(
        client=OpenAIChatClient(model=MODEL, async_client=sdk),
        instructions=INSTRUCTIONS,
        tools=[get_weather],
        default_options={"store": BY_ID},
    )
    session = agent.create_session()
    for question in questions():
        if WAY == "plain":
            result = await agent.run(question, session=session)
        else:
            stream = agent.run(question, session=session, stream=True)
            result = await stream.get_final_response()
        # Texts before calls are part of it.
        saw(result.messages[-1].text)


asyncio.run(main())
