"""Print what the model reads in the bug report's second turn, before and after.

    python scripts/show_prompts.py

Runs the conversation on vLLM's server over the scripted engine of the tests.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "http")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

from harness.answers import chat_answer  # noqa: E402
from harness.app import ServerFactory, environment  # noqa: E402
from harness.client import Client  # noqa: E402
from harness.model_folder import write_chat_model  # noqa: E402
from tool_conversation import (  # noqa: E402
    QUESTION,
    WEATHER_TOOL,
    calls_of,
    result_of,
)

import vllm_responses_fix  # noqa: E402


async def second_prompt(factory: ServerFactory) -> str:
    client = Client(await factory.start())
    first = await client.create(
        {"input": QUESTION, "tools": [WEATHER_TOOL]},
        chat_answer(
            "",
            ("get_weather", {"city": "San Francisco"}),
            reasoning="I need the weather tool.",
        ),
    )
    (call,) = calls_of(first.output)
    second = await client.create(
        {"input": result_of(call), "previous_response_id": first.id},
        chat_answer("It is 65F and foggy."),
    )
    await client.server.close()
    return second.prompt.text


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder, environment():
        factory = ServerFactory(write_chat_model(Path(folder) / "model"))
        print(f"Stock vLLM:\n\n{await second_prompt(factory)}")
        vllm_responses_fix.install()
        print(f"With the kit:\n\n{await second_prompt(factory)}")


if __name__ == "__main__":
    asyncio.run(main())
