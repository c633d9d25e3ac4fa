"""A test that asks for `place` or `store` runs with every backend."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from backends import BACKENDS, SHARED, Place

from vllm_responses_fix.store.protocol import Store


@pytest.fixture(params=BACKENDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where stores can be opened, nothing in them."""
    yield from _place(request.param, tmp_path)


@pytest.fixture(params=SHARED)
def shared_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """As `place`, but all stores it opens have the same records."""
    yield from _place(request.param, tmp_path)


@pytest.fixture
def store(place: Place) -> Store:
    """An empty store without a limit of bytes."""
    return place.open()


def _place(name: str, folder: Path) -> Iterator[Place]:
    with BACKENDS[name](folder) as place:
        yield place
        place.close()
