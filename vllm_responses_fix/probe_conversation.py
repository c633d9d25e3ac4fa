"""The conversation that the probes of both ways to a prompt hold: one chained turn."""

from typing import Any

ASKED: dict[str, Any] = {"role": "user", "content": "probe: question"}
ANSWERED: list[dict[str, Any]] = [
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
RETURNED: list[dict[str, Any]] = [
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
LEFT_BEHIND = "probe: earlier"


def turn_fault(chained: str, replayed: str) -> str | None:
    """What is wrong with the second turn.

    Args:
        chained: its messages as JSON, where it names the first.
        replayed: the same, where it sends the whole conversation.
    """
    if chained != replayed:
        return f"a chained turn differs from the replayed one: {chained}, {replayed}"
    # The arguments are JSON in a string of a message that is dumped as JSON.
    missing = [text for text in _CARRIED if text not in chained]
    if missing or LEFT_BEHIND in chained:
        return f"a chained turn lacks {missing} or has too much: {chained}"
    return None
