"""Conversations whose turns go to one process after the other."""

from pathlib import Path

import pytest
from chat_path import ChatPath
from harness.app import ServerFactory
from harness.event_loop import EventLoopThread
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from shared_store import SharedStoreMachine, sqlite_settings


class RememberingMachine(SharedStoreMachine):
    forgets = False


@pytest.mark.guards("stored-responses")
@pytest.mark.parametrize("machine", [SharedStoreMachine, RememberingMachine])
def test_chained_equals_replayed_on_another_server(
    machine: type[SharedStoreMachine],
    chat_server_factory: ServerFactory,
    event_loop_thread: EventLoopThread,
    tmp_path: Path,
) -> None:
    run_state_machine_as_test(
        lambda: machine(
            chat_server_factory,
            event_loop_thread,
            ChatPath(),
            sqlite_settings(tmp_path),
        ),
        settings=settings(
            max_examples=10 + settings.default.max_examples // 100,
            stateful_step_count=10,
        ),
    )
