"""Every event of a stream is what OpenAI's SDKs declare, for answers of every kind."""

import pytest
from declared_events import check_events
from every_request import WEATHER, answers
from harness.client import Client

pytestmark = pytest.mark.kit_alone

BODY = {"input": "hi", "tools": [WEATHER]}


@pytest.fixture(params=["chat", "harmony", "mistral"])
def client(request: pytest.FixtureRequest) -> Client:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("background", [False, True], ids=["", "background"])
async def test_events_of_every_answer(client: Client, background: bool) -> None:
    for answer in answers(client).values():
        check_events(await client.stream({**BODY, "background": background}, answer))
