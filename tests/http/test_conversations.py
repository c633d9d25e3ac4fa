"""Any conversation over HTTP, on the chat template path: chained equals replayed."""

import pytest
from chat_path import ChatPath
from conversation_machine import ConversationMachine
from harness.app import ServerFactory
from harness.event_loop import EventLoopThread
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

pytestmark = pytest.mark.guards("reconstruction")


@pytest.mark.parametrize("template", ["chat", "parts"])
def test_chained_equals_replayed(
    template: str, request: pytest.FixtureRequest, event_loop_thread: EventLoopThread
) -> None:
    factory: ServerFactory = request.getfixturevalue(f"{template}_server_factory")
    run_state_machine_as_test(
        lambda: ConversationMachine(factory, event_loop_thread, ChatPath()),
        settings=settings(
            max_examples=settings.default.max_examples // 10, stateful_step_count=10
        ),
    )
