"""Every parser of vLLM: what its streams show is what is stored and goes on.

And it is what the same answer is when it is not streamed, but for the faults that
`parser_faults` names.
"""

from pathlib import Path

import pytest
from every_parser import pairs, sweep
from harness.app import CHAT_ARGS, ServerFactory, environment
from harness.model_folder import write_chat_model
from parser_faults import FAULTS, faults_of, untried
from parser_formats import CALLS_OF, TAGS

pytestmark = pytest.mark.kit_alone
LIMITS = Path(__file__).parents[2] / "docs" / "limits.md"


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> ServerFactory:
    """Servers whose vocabulary has the tokens that parsers look for."""
    folder = tmp_path_factory.mktemp("models") / "tags"
    return ServerFactory(write_chat_model(folder, tags=TAGS), CHAT_ARGS)


@pytest.mark.parametrize(
    ("tool_parser", "reasoning_parser"),
    [pytest.param(*pair, id="-".join(dict.fromkeys(pair))) for pair in pairs()],
)
async def test_what_is_streamed_goes_on(
    factory: ServerFactory, tool_parser: str, reasoning_parser: str
) -> None:
    with environment():
        found = await sweep(factory, tool_parser, reasoning_parser)
    missing = untried(tool_parser, reasoning_parser)
    if missing is not None:
        assert missing.is_shown_by(found), f"it is no longer so that {missing.why}"
        return
    assert not found.starts
    assert not found.disagreements
    faults = faults_of(tool_parser, reasoning_parser)
    explained = {fault: fault.explained(found) for fault in faults}
    known = set().union(*explained.values())
    otherwise = {**found.errors, **found.differences}
    assert not {name: otherwise[name] for name in otherwise if name not in known}
    assert not [fault.what for fault in faults if not explained[fault]], "mended"
    if tool_parser in CALLS_OF:
        # Else calls were swept as text.
        assert found.call_format or "call" in found.errors


def test_the_limits_name_the_parsers() -> None:
    limits = LIMITS.read_text("utf-8")
    parsers = {parser for fault in FAULTS for parser in fault.parsers}
    assert not {parser for parser in parsers if f"`{parser}`" not in limits}
