"""What `scripts/clients.sh` finds, with the libraries that are in this environment."""

import sys
from pathlib import Path

import pytest
from harness.app import environment

from scripts.client_runs.holding import Holder
from scripts.client_runs.libraries import PROGRAMS, Library
from scripts.client_runs.models import CHAT, GPT_OSS, Model
from scripts.client_runs.outcome import Held


async def by_id_and_replayed(
    folder: Path, program: str, way: str, model: Model = CHAT
) -> tuple[Held | None, Held]:
    command = [sys.executable, str(PROGRAMS / program)]
    with environment():
        factory = model.factory(folder)
        return await Holder(factory, model, Library("", ""), command).hold(way)


@pytest.mark.guards("reconstruction")
@pytest.mark.parametrize("program", ["openai-python.py", "openai-agents.py"])
async def test_all_turns_are_held(tmp_path: Path, program: str) -> None:
    for held in await by_id_and_replayed(tmp_path, program, "streamed"):
        assert held is not None
        assert held.problem == ""
        assert held.turns == 10
        assert held.as_by_id == held.prompts == 20


@pytest.mark.guards("harmony-reconstruction")
async def test_all_turns_are_held_on_gpt_oss(tmp_path: Path) -> None:
    by_id, replay = await by_id_and_replayed(
        tmp_path, "openai-python.py", "streamed", GPT_OSS
    )
    assert by_id is not None
    assert (by_id.problem, by_id.turns) == ("", 10)
    assert replay.turns == 10


@pytest.mark.usefixtures("stock")
async def test_stock_loses_calls(tmp_path: Path) -> None:
    by_id, replay = await by_id_and_replayed(tmp_path, "openai-python.py", "plain")

    assert by_id is not None
    assert (by_id.turns, replay.turns) == (0, 10)
    assert "is not in the prompt" in by_id.problem
    assert replay.as_by_id == 1


async def test_an_error_of_the_client_is_said(tmp_path: Path) -> None:
    for held in await by_id_and_replayed(tmp_path, "conversation.py", "plain"):
        assert held is not None
        assert held.turns == 0
        assert held.problem == "no request came"
