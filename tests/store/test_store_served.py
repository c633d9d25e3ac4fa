"""Conversations whose turns go to one server after the other, with every backend.

SQLite's are in tests/http and tests/harmony, and run on every release of vLLM.
"""

from pathlib import Path

import pytest
from chat_path import ChatPath
from harmony_path import HarmonyPath
from harness.app import ServerFactory
from harness.event_loop import EventLoopThread
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from shared_store import SharedStoreMachine, store_settings
from test_stored_harmony import SharedHarmonyMachine

pytestmark = [
    pytest.mark.guards("stored-responses"),
    pytest.mark.parametrize("backend", ["redis", "postgres"]),
]

# The soak profile's 1,003 with each backend hold 5,000 conversations.
EXAMPLES = settings(
    max_examples=3 + settings.default.max_examples // 100, stateful_step_count=10
)


def test_chat_conversations(
    backend: str,
    chat_server_factory: ServerFactory,
    event_loop_thread: EventLoopThread,
    tmp_path: Path,
) -> None:
    environ = store_settings(backend, tmp_path)
    run_state_machine_as_test(
        lambda: SharedStoreMachine(
            chat_server_factory, event_loop_thread, ChatPath(), environ
        ),
        settings=EXAMPLES,
    )


def test_harmony_conversations(
    backend: str,
    harmony_server_factory: ServerFactory,
    event_loop_thread: EventLoopThread,
    tmp_path: Path,
) -> None:
    environ = store_settings(backend, tmp_path)
    run_state_machine_as_test(
        lambda: SharedHarmonyMachine(
            harmony_server_factory, event_loop_thread, HarmonyPath(), environ
        ),
        settings=EXAMPLES,
    )
