"""Does a chained turn say what the replayed one says?"""

import json
from collections.abc import Callable
from typing import Any

from vllm_responses_fix.places import held_by
from vllm_responses_fix.probe_conversation import (
    ANSWERED,
    ASKED,
    LEFT_BEHIND,
    RETURNED,
    turn_fault,
)
from vllm_responses_fix.probing import items


def fault() -> str | None:
    """What is wrong with a chained turn, for whoever in vLLM makes one."""
    name = "construct_input_messages"
    for function in dict.fromkeys(vars(module)[name] for module in held_by(name)):
        found = _fault(function)
        if found is not None:
            return found
    return None


def _fault(construct: Callable[..., Any]) -> str | None:
    first = construct(request_instructions=LEFT_BEHIND, request_input=items([ASKED]))
    stored = json.dumps(first)
    chained = json.dumps(
        construct(
            request_instructions="probe: current",
            request_input=items(RETURNED),
            prev_msg=first,
            prev_response_output=items(ANSWERED),
        )
    )
    replayed = json.dumps(
        construct(
            request_instructions="probe: current",
            request_input=items([ASKED, *ANSWERED, *RETURNED]),
        )
    )
    found = turn_fault(chained, replayed)
    if found is not None:
        return found
    if json.dumps(first) != stored:
        return f"a chained turn changes the one before: {first}"
    return None
