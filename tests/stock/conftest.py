"""Run everything here on vLLM as it is."""

from collections.abc import Iterator

import pytest

import vllm_responses_fix


@pytest.fixture(autouse=True)
def unpatched() -> Iterator[None]:
    """vLLM without the kit, whoever has installed it before."""
    uninstall = getattr(vllm_responses_fix, "uninstall", None)
    if uninstall is not None:
        uninstall()
    yield
