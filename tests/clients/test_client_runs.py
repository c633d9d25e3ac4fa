"""What `scripts/clients.sh` finds, with the libraries that are in this environment."""

import sys

import pytest
from harness.app import ServerFactory, environment

from scripts.client_runs.holding import hold
from scripts.client_runs.libraries import PROGRAMS
from scripts.client_runs.outcome import Held


async def by_id_and_replayed(
    factory: ServerFactory, program: str, way: str
) -> tuple[Held, Held]:
    with environment():
        return await hold(factory, [sys.executable, str(PROGRAMS / program)], way)


@pytest.mark.guards("reconstruction")
@pytest.mark.parametrize("program", ["openai-python.py", "openai-agents.py"])
async def test_all_turns_are_held(
    chat_server_factory: ServerFactory, program: str
) -> None:
    for held in await by_id_and_replayed(chat_server_factory, program, "streamed"):
        assert held.problem == ""
        assert held.turns == 10
        assert held.as_by_id == held.prompts == 20


@pytest.mark.usefixtures("stock")
async def test_stock_loses_calls(chat_server_factory: ServerFactory) -> None:
    by_id, replay = await by_id_and_replayed(
        chat_server_factory, "openai-python.py", "plain"
    )

    assert (by_id.turns, replay.turns) == (0, 10)
    assert "is not in the prompt" in by_id.problem
    assert replay.as_by_id == 1


async def test_an_error_of_the_client_is_said(
    chat_server_factory: ServerFactory,
) -> None:
    for held in await by_id_and_replayed(
        chat_server_factory, "conversation.py", "plain"
    ):
        assert held.turns == 0
        assert held.problem == "no request came"
