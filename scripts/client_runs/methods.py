"""A client reads, lists, cancels and deletes stored responses."""

import asyncio
from collections.abc import Sequence

from harness.answers import chat_answer
from harness.app import ServerFactory
from harness.scripted_engine import Answer, EnginePrompt

from .holding import run_program


async def try_methods(factory: ServerFactory, command: Sequence[str]) -> str:
    """Let a client's program try them with a new server.

    Args:
        command: the program, to which the base URL is added.

    Returns:
        The error it ended with; empty if all went well.
    """
    server = await factory.start()
    never = asyncio.Event()

    def answer(prompt: EnginePrompt) -> Answer:
        return chat_answer("Hello.", gate=never if "Never." in prompt.text else None)

    server.engine.script = answer
    try:
        async with server.listening() as url:
            _, error = await run_program([*command, url], "")
    finally:
        await server.close()
    return error
