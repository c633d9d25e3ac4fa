"""Servers on the real engine, with the demo's model, shared by the whole session."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.demo.kit import install_kit, is_installed
from scripts.demo.server import Server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.engine)
            # With pytest -n, one process has them all: they share servers.
            item.add_marker(pytest.mark.xdist_group("engine"))


@pytest.fixture(scope="session")
def kit_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a server needs to have the kit: nothing where it is pip-installed."""
    target = tmp_path_factory.mktemp("kit")
    if is_installed(sys.executable):
        return {}
    install_kit(sys.executable, target)
    return {"PYTHONPATH": str(target)}


@pytest.fixture(scope="session")
def stock_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("stock") / "server.log"
    off = {"VLLM_RESPONSES_FIX": "0"}
    with Server("stock", sys.executable, log, environment=off) as server:
        server.wait()
        yield server


@pytest.fixture(scope="session")
def patched_server(
    kit_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("patched") / "server.log"
    with Server("patched", sys.executable, log, environment=kit_environment) as server:
        server.wait()
        yield server
