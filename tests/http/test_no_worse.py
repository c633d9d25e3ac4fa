"""What stock vLLM answers, the kit answers too, and to the same prompt.

`scripts/no_worse.py` has the parsers and templates that are not in here.
"""

import pytest
from every_request import INPUTS, REQUESTS
from harness.app import ServerFactory, environment
from no_worse import differences

pytestmark = pytest.mark.kit_alone


@pytest.mark.parametrize(
    ("kind", "requests"),
    [
        ("chat", REQUESTS),
        ("harmony", REQUESTS),
        # Rendering takes ten times as long here, and what is its own are the calls.
        ("mistral", {n: {"input": INPUTS[n]} for n in INPUTS if "call" in n}),
    ],
    ids=["chat", "harmony", "mistral"],
)
async def test_what_stock_answers_is_answered(
    kind: str, requests: dict[str, dict[str, object]], request: pytest.FixtureRequest
) -> None:
    factory: ServerFactory = request.getfixturevalue(f"{kind}_server_factory")
    with environment():
        found = await differences(factory, requests)
    assert not [difference for difference in found if not difference.meant(kind)]
