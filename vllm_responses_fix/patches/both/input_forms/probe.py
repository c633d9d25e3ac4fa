"""Does a request take an item in each form that it has?"""

import json
from typing import Any

from vllm_responses_fix.probing import items

_ITEMS: tuple[dict[str, Any], ...] = (
    {"role": "assistant", "content": [{"type": "output_text", "text": "probe"}]},
    {
        "type": "message",
        "id": None,
        "role": "assistant",
        "content": [{"type": "output_text", "text": "probe", "annotations": None}],
    },
    {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "probe"}]},
    {
        "type": "function_call",
        "call_id": "call_probe",
        "name": "probe",
        "arguments": {"probe": 1},
    },
    {
        "type": "function_call_output",
        "call_id": "call_probe",
        "output": [{"type": "output_text", "text": "probe"}],
    },
)


def fault() -> str | None:
    """An item that is refused."""
    for item in _ITEMS:
        try:
            items([item])
        except ValueError:
            return f"an item is refused: {json.dumps(item)}"
    return None
