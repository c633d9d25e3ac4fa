"""A server in a process of its own, in milliseconds.

Importing vLLM and making a factory take seconds, so a script does that once and each
server is a fork of it. The script itself serves nothing: threads and event loops don't
survive a fork.
"""

import asyncio
import multiprocessing
from collections.abc import Mapping
from typing import Any

from .app import ServerFactory, environment
from .processes import resident_bytes
from .scripted_engine import EnginePrompt, Script

_FORK = multiprocessing.get_context("fork")


class ForkedServer:
    """A server that listens on a loopback port until it is killed.

    Attributes:
        url: with `/v1`, for SDK clients.
        process: the server's.
    """

    def __init__(
        self, factory: ServerFactory, script: Script, settings: Mapping[str, str]
    ) -> None:
        """Start it, and wait until it answers.

        Args:
            factory: has not made a server yet, in this process.
            script: for its model.
            settings: environment variables.
        """
        receiver, sender = _FORK.Pipe(duplex=False)
        self.process = _FORK.Process(
            target=_serve, args=(factory, script, settings, sender), daemon=True
        )
        self.process.start()
        sender.close()
        self.url: str = receiver.recv()
        receiver.close()

    @property
    def pid(self) -> int:
        """Of the process."""
        pid = self.process.pid
        assert pid is not None
        return pid

    @property
    def resident_bytes(self) -> int:
        """Memory that the process has for itself and shares."""
        return resident_bytes([self.pid])

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


def _serve(
    factory: ServerFactory, script: Script, settings: Mapping[str, str], ready: Any
) -> None:
    async def serve() -> None:
        server = await factory.start()

        def forgetting(prompt: EnginePrompt) -> Any:
            # A long run would keep all prompts.
            server.engine.prompts.clear()
            return script(prompt)

        server.engine.script = forgetting
        async with server.listening() as url:
            ready.send(url)
            await asyncio.Event().wait()

    with environment(store=True, **settings):
        asyncio.run(serve())
