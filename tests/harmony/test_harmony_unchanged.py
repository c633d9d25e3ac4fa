"""gpt-oss: what the patches leave as stock has it."""

from typing import Any

import pytest
from harness.client import Client
from turns import DONE, LOOKUP, message

import vllm_responses_fix

REPLAYED = [
    message("system", "You are a pirate."),
    message("developer", [{"type": "input_text", "text": "A developer item."}]),
    message("system", []),
    message("system", ""),
    message("user", "Hello"),
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "A greeting."}],
    },
    message("assistant", [{"type": "output_text", "text": "Hi.", "annotations": []}]),
    message("user", [{"type": "input_text", "text": "What is a?"}]),
    {"role": "assistant", "content": "a is 42."},
    message("user", "And b?"),
]
IN_VLLMS_OWN_FIELD = [
    {"role": "user", "content": "What is a?"},
    {"author": {"role": "assistant"}, "content": "a is 42.", "channel": "final"},
]


@pytest.mark.parametrize(
    "body",
    [
        {"input": "Hello"},
        {"input": "Hello", "tools": [LOOKUP], "instructions": "Be brief."},
        {"input": "Hello", "reasoning": {"effort": "high"}},
        {"input": REPLAYED},
        {"input": REPLAYED, "tools": [LOOKUP], "instructions": "Be brief."},
        {"input": "And b?", "previous_input_messages": IN_VLLMS_OWN_FIELD},
        {"input": "", "previous_input_messages": IN_VLLMS_OWN_FIELD},
    ],
    ids=["text", "tools", "effort", "items", "items and tools", "own", "own only"],
)
async def test_a_request_without_previous_response_renders_as_on_stock(
    harmony: Client, body: dict[str, Any]
) -> None:
    patched = await harmony.create(body, DONE)
    vllm_responses_fix.uninstall()
    try:
        stock = await harmony.create(body, DONE)
    finally:
        vllm_responses_fix.install()

    assert patched.status == stock.status == 200
    assert list(patched.prompt.token_ids) == list(stock.prompt.token_ids)
