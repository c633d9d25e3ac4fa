"""Runs tests on a vLLM whose own source has the fixes: `--patched-source`.

The kit stays off, and what asks for stock code is left out.
"""

import os

import pytest

from vllm_responses_fix.settings import ENABLED


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--patched-source",
        action="store_true",
        help="run without the kit on a vLLM that has its fixes as source",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--patched-source"):
        os.environ[ENABLED] = "0"


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    if not config.getoption("--patched-source"):
        return
    for_stock = [
        item
        for item in items
        if "stock" in getattr(item, "fixturenames", ()) or "on_stock" in item.name
    ]
    config.hook.pytest_deselected(items=for_stock)
    items[:] = [item for item in items if item not in for_stock]
