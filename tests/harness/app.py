"""vLLM's OpenAI server over the scripted engine."""

import asyncio
import copy
import os
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

import vllm_responses_fix

from . import vllm_compat
from .harmony_encoding import harmony_encoding
from .scripted_engine import ScriptedEngine, one_token_deltas, word_like_deltas

MODEL_NAME = "scripted"
CHAT_ARGS = (
    "--enable-auto-tool-choice",
    "--tool-call-parser=hermes",
    "--reasoning-parser=deepseek_r1",
)
MISTRAL_ARGS = (
    "--tokenizer-mode=mistral",
    "--enable-auto-tool-choice",
    "--tool-call-parser=mistral",
)
STORE = "VLLM_ENABLE_RESPONSES_API_STORE"
PARSER_CONTEXT = "VLLM_USE_EXPERIMENTAL_PARSER_CONTEXT"
START_DATE = "VLLM_SYSTEM_START_DATE"


class ServerFactory:
    """Makes servers for one model folder and one command line.

    Building it reads the model folder and takes about two seconds (on the first run
    on a machine longer, as vLLM inspects the model's class in a process of its own);
    a server is made of it in milliseconds.
    """

    def __init__(self, model: Path, argv: Sequence[str] = CHAT_ARGS) -> None:
        self.args = vllm_compat.parse_serve_args(
            [
                f"--model={model}",
                f"--served-model-name={MODEL_NAME}",
                # Else each serving object looks for defaults in the model folder.
                "--generation-config=vllm",
                # Else each serving object hashes the whole configuration.
                "--fingerprint-mode=none",
                *argv,
            ]
        )
        self._config = vllm_compat.make_config(self.args)
        self._renderer = vllm_compat.make_renderer(self._config)
        self._idle_apps: defaultdict[tuple[str, str], list[FastAPI]] = defaultdict(list)
        self.is_harmony = self._config.model_config.hf_config.model_type == "gpt_oss"

    async def start(self) -> "ScriptedServer":
        """A server whose stores are empty.

        What vLLM reads from the environment is read now and on each request; see
        `environment`.
        """
        engine = ScriptedEngine(  # type: ignore[abstract]
            self._config, self._renderer, **self._codec()
        )
        # FastAPI works out its routes on the first request to an app, which takes
        # longer than everything else here. So apps are used again, with a new state.
        # The kit adds routes to those that are made while it is in.
        kit = vllm_responses_fix.status()
        idle_apps = self._idle_apps[kit.state, kit.reason]
        app = (
            idle_apps.pop()
            if idle_apps
            else vllm_compat.make_app(self.args, self._config)
        )
        await vllm_compat.init_app_state(app, engine, self.args)
        return ScriptedServer(app, engine, idle_apps.append)

    def with_parsers(self, tool_parser: str, reasoning_parser: str) -> "ServerFactory":
        """Makes servers for the same model that read its answers with other parsers."""
        other = copy.copy(self)
        other.args = copy.copy(self.args)
        other.args.tool_call_parser = tool_parser
        other.args.reasoning_parser = reasoning_parser
        structured = copy.copy(self.args.structured_outputs_config)
        structured.reasoning_parser = reasoning_parser
        other.args.structured_outputs_config = structured
        return other

    def _codec(self) -> dict[str, Any]:
        if self.is_harmony:
            encoding = harmony_encoding()
            return {
                "encode": lambda text: encoding.encode(text, allowed_special="all"),
                "decode": encoding.decode,
                "default_deltas": one_token_deltas,
            }
        tokenizer = self._renderer.get_tokenizer()
        return {
            "encode": lambda text: tokenizer.encode(text, add_special_tokens=False),
            "decode": tokenizer.decode,
            "default_deltas": word_like_deltas,
        }


class ScriptedServer:
    """A running server, to be called in process.

    Attributes:
        app: vLLM's FastAPI application.
        engine: the scripted engine behind it.
        http: a client whose requests are served without a socket.
    """

    def __init__(
        self,
        app: FastAPI,
        engine: ScriptedEngine,
        release: Callable[[FastAPI], None],
    ) -> None:
        self.app = app
        self.engine = engine
        self._release = release
        self.http = httpx.AsyncClient(
            # An exception the app has turned into a 500 is to be seen as that.
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://scripted",
            timeout=None,
        )

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Serve on a loopback port as well; yields the base URL for SDK clients."""
        # asyncio lets a connection wait for nothing only where the protocol is named:
        # else each answer takes 40 ms until the client has acknowledged its head.
        listener = socket.socket(proto=socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(self.app, log_level="warning"))
        # Signals belong to the test run, and uvicorn may not be in the main thread.
        server.capture_signals = _no_signals  # type: ignore[method-assign]
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                if task.done():
                    task.result()
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        finally:
            server.should_exit = True
            await task

    async def close(self) -> None:
        """Give the app back; the server must not be used any more."""
        await self.http.aclose()
        self._release(self.app)


@contextmanager
def environment(
    *, store: bool = True, parser_context: bool = False, **others: str
) -> Iterator[None]:
    """Set what vLLM's server reads from the environment.

    Args:
        store: keep responses, which `previous_response_id` needs.
        parser_context: vLLM's experimental `ParsableContext`.
        others: further variables.
    """
    variables = {
        STORE: str(int(store)),
        PARSER_CONTEXT: str(int(parser_context)),
        # Harmony's system message has the date, which midnight would change.
        START_DATE: "2025-01-01",
        **others,
    }
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _no_signals() -> Iterator[None]:
    yield
