"""Does an item become the Harmony message that the model would have written?"""

import json
from typing import Any

from vllm.entrypoints.openai.responses import harmony

from vllm_responses_fix.probing import items

_REFUSAL: dict[str, Any] = {
    "type": "message",
    "id": "msg_probe",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "refusal", "refusal": "probe: refusal"}],
}
_SUMMARY: dict[str, Any] = {
    "type": "reasoning",
    "id": "rs_probe",
    "summary": [{"type": "summary_text", "text": "probe: summary"}],
}
_CALL: dict[str, Any] = {
    "type": "function_call",
    "call_id": "call_probe",
    "name": "probe",
    "arguments": "{}",
}
_RESULT: dict[str, Any] = {
    "type": "function_call_output",
    "call_id": "call_probe",
    "output": [{"type": "input_text", "text": "probe: result"}],
}


def fault() -> str | None:
    """What an item loses, or has too much, on its way to a Harmony message."""
    parsed = items([_REFUSAL, _SUMMARY, _CALL, _RESULT])
    for item, expected in zip(
        parsed,
        ("probe: refusal", "probe: summary", "<|constrain|>json", "probe: result"),
        strict=True,
    ):
        try:
            message = harmony.response_input_to_harmony(item, [parsed[2]])
        except Exception as error:
            return f"an item is an error: {item}: {error!r}"
        wire = json.dumps(message.to_dict()) if message is not None else ""
        if expected not in wire:
            return f"{expected} is not in the message of {item}: {wire}"
    return None
