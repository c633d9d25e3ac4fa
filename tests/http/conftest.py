import pytest
from harness.client import Client


@pytest.fixture(params=["chat", "chat_parts"])
def either_chat(request: pytest.FixtureRequest) -> Client:
    """A client of each of the two kinds of chat template."""
    return request.getfixturevalue(request.param)
