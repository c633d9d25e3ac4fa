"""all-parts on a converter of vLLM that the kit does not know."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from chat_messages import construct, parse_input
from harness.vllm_compat import is_since
from hidden_sources import knowing_up_to
from vllm.exceptions import VLLMValidationError
from wire_items import WITHOUT_A_PLACE

from vllm_responses_fix.deciding import Decision, decide
from vllm_responses_fix.patch import Patch
from vllm_responses_fix.patches import PATCHES
from vllm_responses_fix.patching import undo_all

pytestmark = pytest.mark.skipif(
    not is_since("0.22.0"), reason="0.21 has no converter that merges"
)


def message(*parts: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": list(parts),
    }


def text(said: str) -> dict[str, Any]:
    return {"type": "output_text", "text": said, "annotations": []}


REASONING = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [],
    "content": [
        {"type": "reasoning_text", "text": "one"},
        {"type": "reasoning_text", "text": "two"},
    ],
}
SUMMARY = {
    "type": "reasoning",
    "id": "rs_2",
    "summary": [
        {"type": "summary_text", "text": "three"},
        {"type": "summary_text", "text": "four"},
    ],
}
CALL = {
    "type": "function_call",
    "call_id": "call_1",
    "name": "look_up",
    "arguments": '{"key": "value"}',
}
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "found"}
CONVERSATIONS = [
    [message(text("one"), text("two"))],
    [message({"type": "refusal", "refusal": "no"}, text("but"))],
    [message({"type": "refusal", "refusal": "no"})],
    [message()],
    [REASONING, message(text("one"), text("two")), CALL, RESULT],
    [SUMMARY, CALL, CALL, RESULT, message(text("one"))],
    [message(text("one")), message(text("two"), text("three"))],
]


@contextmanager
def all_parts(patches: Sequence[Patch]) -> Iterator[Decision]:
    """That patch by itself, as the kit with these patches puts it in."""
    (patch,) = (patch for patch in patches if patch.name == "all-parts")
    (decision,) = decide([patch], {}, ())
    try:
        yield decision
    finally:
        undo_all(decision.substitutions)


def messages(items: list[dict[str, Any]]) -> str:
    asked = {"role": "user", "content": "?"}
    return json.dumps(construct(request_input=parse_input([asked, *items])))


def test_it_makes_the_same_messages(stock: None) -> None:
    with all_parts(PATCHES) as decision:
        assert decision.variant is not None
        assert decision.variant.name != "any_converter"
        expected = [messages(items) for items in CONVERSATIONS]
    # The kit as it was before 0.22 came out, with that release's converter.
    with all_parts(knowing_up_to(PATCHES, "0.21.0")) as decision:
        assert decision.variant is not None
        assert decision.variant.name == "any_converter"
        assert [messages(items) for items in CONVERSATIONS] == expected


@pytest.mark.parametrize("item", WITHOUT_A_PLACE, ids=lambda item: item["type"])
def test_what_it_has_no_place_for_names_input(
    item: dict[str, Any], stock: None
) -> None:
    with (
        all_parts(knowing_up_to(PATCHES, "0.21.0")),
        pytest.raises(VLLMValidationError, match=item["type"]) as error,
    ):
        messages([item])
    assert error.value.parameter == "input"
