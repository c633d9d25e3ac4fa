"""Does a chained turn say what the replayed one says?"""

import json
from collections.abc import Callable
from typing import Any

from vllm_responses_fix.places import held_by
from vllm_responses_fix.probing import items

_ASKED: dict[str, Any] = {"role": "user", "content": "probe: question"}
_ANSWERED: list[dict[str, Any]] = [
    {
        "type": "reasoning",
        "id": "rs_probe",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "probe: reasoning"}],
    },
    {
        "type": "function_call",
        "id": "fc_probe",
        "call_id": "call_probe",
        "name": "probe",
        "arguments": '{"probe": "arguments"}',
    },
]
_RETURNED: list[dict[str, Any]] = [
    {"role": "system", "content": "probe: system item"},
    {
        "type": "function_call_output",
        "call_id": "call_probe",
        "output": "probe: result",
    },
]
_CARRIED = (
    "probe: question",
    "probe: reasoning",
    '{\\"probe\\": \\"arguments\\"}',
    "probe: system item",
    "probe: result",
    "probe: current",
)
_LEFT_BEHIND = "probe: earlier"


def fault() -> str | None:
    """What is wrong with a chained turn, for whoever in vLLM makes one."""
    name = "construct_input_messages"
    for function in dict.fromkeys(vars(module)[name] for module in held_by(name)):
        found = _fault(function)
        if found is not None:
            return found
    return None


def _fault(construct: Callable[..., Any]) -> str | None:
    first = construct(request_instructions=_LEFT_BEHIND, request_input=items([_ASKED]))
    stored = json.dumps(first)
    chained = json.dumps(
        construct(
            request_instructions="probe: current",
            request_input=items(_RETURNED),
            prev_msg=first,
            prev_response_output=items(_ANSWERED),
        )
    )
    replayed = json.dumps(
        construct(
            request_instructions="probe: current",
            request_input=items([_ASKED, *_ANSWERED, *_RETURNED]),
        )
    )
    if chained != replayed:
        return f"a chained turn differs from the replayed one: {chained}, {replayed}"
    # The arguments are JSON in a string of a message that is dumped as JSON.
    missing = [text for text in _CARRIED if text not in chained]
    if missing or _LEFT_BEHIND in chained:
        return f"a chained turn lacks {missing} or has too much: {chained}"
    if json.dumps(first) != stored:
        return f"a chained turn changes the one before: {first}"
    return None
