"""Runs tests on a vLLM whose own source has the fixes: `--patched-source`.

The kit stays off. What asks for stock code is left out, and what vLLM's source does not
have: patches that are not for upstream, and what the kit says of itself.
"""

import os

import pytest

from vllm_responses_fix.patches import PATCHES
from vllm_responses_fix.settings import ENABLED

_FOR_UPSTREAM = {patch.name: patch.for_upstream for patch in PATCHES}


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
    left_out = [
        item
        for item in items
        if "stock" in getattr(item, "fixturenames", ())
        or "on_stock" in item.name
        or item.get_closest_marker("kit_alone")
        or any(
            not _FOR_UPSTREAM[name]
            for marker in item.iter_markers("guards")
            for name in marker.args
        )
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
