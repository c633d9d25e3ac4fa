"""Fixtures over the harness, and `async def` tests on its event loop.

The patches are in, unless a test asks for `stock`.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from harness.event_loop import EventLoopThread
from harness.platform import prepare_vllm
from hypothesis import HealthCheck, settings

# Test modules import vLLM at their top, hence before any fixture runs.
prepare_vllm()

pytest_plugins = [
    "guards",
    "known_releases",
    "patched_source",
    "releases",
    "shared_store_option",
]

# The same examples each time, so that a failure is of the change that is tested.
# Looking for new ones is what the soak profile is for.
settings.register_profile(
    "default",
    max_examples=200,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# Every release runs the same code of the kit, so a few examples each find what differs.
settings.register_profile("matrix", settings.get_profile("default"), max_examples=40)
settings.register_profile(
    "soak",
    settings.get_profile("default"),
    max_examples=100_000,
    derandomize=False,
)
settings.load_profile("default")

if TYPE_CHECKING:
    from harness.app import ScriptedServer, ServerFactory
    from harness.client import Client
    from harness.scripted_engine import Script


@pytest.fixture(scope="session", autouse=True)
def patched() -> None:
    import vllm_responses_fix

    vllm_responses_fix.install()


@pytest.fixture
def stock() -> Iterator[None]:
    """vLLM as it comes."""
    import vllm_responses_fix

    vllm_responses_fix.uninstall()
    yield
    vllm_responses_fix.install()


@pytest.fixture(scope="session", autouse=True)
def event_loop_thread() -> Iterator[EventLoopThread]:
    thread = EventLoopThread()
    yield thread
    thread.close()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def` tests on the event loop all servers share."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    fixtures = pyfuncitem.funcargs
    thread: EventLoopThread = fixtures["event_loop_thread"]
    arguments = pyfuncitem._fixtureinfo.argnames
    thread.run(pyfuncitem.obj(**{name: fixtures[name] for name in arguments}))
    return True


@pytest.fixture(scope="session")
def chat_server_factory(tmp_path_factory: pytest.TempPathFactory) -> "ServerFactory":
    """Servers on the chat template path, contents as strings."""
    from harness.app import ServerFactory
    from harness.model_folder import write_chat_model

    return ServerFactory(write_chat_model(_folder(tmp_path_factory, "chat")))


@pytest.fixture(scope="session")
def parts_server_factory(tmp_path_factory: pytest.TempPathFactory) -> "ServerFactory":
    """Servers on the chat template path, contents as lists of parts."""
    from harness.app import ServerFactory
    from harness.model_folder import write_chat_model

    return ServerFactory(write_chat_model(_folder(tmp_path_factory, "parts"), "openai"))


@pytest.fixture(scope="session")
def harmony_server_factory(tmp_path_factory: pytest.TempPathFactory) -> "ServerFactory":
    """Servers of a gpt_oss model."""
    from harness.app import ServerFactory
    from harness.model_folder import write_harmony_model

    return ServerFactory(write_harmony_model(_folder(tmp_path_factory, "harmony")), ())


@pytest.fixture(scope="session")
def mistral_server_factory(tmp_path_factory: pytest.TempPathFactory) -> "ServerFactory":
    """Servers in Mistral's tokenizer mode."""
    from harness.app import MISTRAL_ARGS, ServerFactory
    from harness.model_folder import write_mistral_model

    return ServerFactory(
        write_mistral_model(_folder(tmp_path_factory, "mistral")), MISTRAL_ARGS
    )


@pytest.fixture
def chat(
    chat_server_factory: "ServerFactory",
    event_loop_thread: EventLoopThread,
    shared_store: dict[str, str] | None,
) -> "Iterator[Client]":
    """A client of a new server on the chat template path."""
    yield from _client(chat_server_factory, event_loop_thread, shared_store)


@pytest.fixture
def chat_parts(
    parts_server_factory: "ServerFactory",
    event_loop_thread: EventLoopThread,
    shared_store: dict[str, str] | None,
) -> "Iterator[Client]":
    """As `chat`, with a template that wants contents as lists of parts."""
    yield from _client(parts_server_factory, event_loop_thread, shared_store)


@pytest.fixture
def mistral(
    mistral_server_factory: "ServerFactory",
    event_loop_thread: EventLoopThread,
    shared_store: dict[str, str] | None,
) -> "Iterator[Client]":
    """A client of a new server in Mistral's tokenizer mode."""
    yield from _client(mistral_server_factory, event_loop_thread, shared_store)


@pytest.fixture
def harmony(
    harmony_server_factory: "ServerFactory",
    event_loop_thread: EventLoopThread,
    shared_store: dict[str, str] | None,
) -> "Iterator[Client]":
    """A client of a new server of a gpt_oss model."""
    yield from _client(harmony_server_factory, event_loop_thread, shared_store)


@pytest.fixture
def enter(
    event_loop_thread: EventLoopThread,
) -> Iterator[Callable[[AbstractAsyncContextManager[Any]], Any]]:
    """Enter a context on the servers' event loop, until the test ends."""
    entered: list[AbstractAsyncContextManager[Any]] = []

    def start(context: AbstractAsyncContextManager[Any]) -> Any:
        value = event_loop_thread.run(context.__aenter__())
        entered.append(context)
        return value

    yield start
    for context in reversed(entered):
        event_loop_thread.run(context.__aexit__(None, None, None))


@pytest.fixture
def listen(enter: Callable[..., Any]) -> "Callable[[ScriptedServer, Script], str]":
    """Let a server listen, with a script for its model; returns its base URL."""

    def start(server: "ScriptedServer", script: "Script") -> str:
        server.engine.script = script
        return enter(server.listening())

    return start


def _client(
    factory: "ServerFactory",
    event_loop_thread: EventLoopThread,
    shared_store: dict[str, str] | None,
) -> "Iterator[Client]":
    from harness.app import environment
    from harness.client import Client

    if shared_store is not None:
        from shared_store import alternating_client

        yield from alternating_client(factory, event_loop_thread, shared_store)
        return
    with environment():
        server = event_loop_thread.run(factory.start())
        yield Client(server)
        event_loop_thread.run(server.close())


def _folder(factory: pytest.TempPathFactory, name: str) -> Path:
    return factory.mktemp("models") / name


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    from conversation_machine import held

    for what, number in held.items():
        terminalreporter.write_line(f"conversation machine: {number} {what}")
