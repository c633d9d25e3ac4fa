"""Every request of a test to another of two servers: `--shared-store sqlite`.

The servers share a store of this kind (`sqlite`, `redis` or `postgres`) and have
nothing in their memory. What is of one server is left out: tests of the store itself
and of stock.
"""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shared-store",
        choices=["sqlite", "redis", "postgres"],
        help="send requests in turn to two servers that share a store of this kind",
    )


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    if config.getoption("--shared-store") is None:
        return
    left_out = [
        item
        for item in items
        if "stock" in getattr(item, "fixturenames", ())
        or item.get_closest_marker("kit_alone")
        or any(
            "stored-responses" in marker.args for marker in item.iter_markers("guards")
        )
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def shared_store(
    request: pytest.FixtureRequest, tmp_path: Path
) -> dict[str, str] | None:
    """The environment of servers that share a store, if tests are to have such."""
    backend = request.config.getoption("--shared-store")
    if backend is None:
        return None
    from shared_store import store_settings

    return store_settings(backend, tmp_path)
