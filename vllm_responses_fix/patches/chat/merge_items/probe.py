"""Are contiguous items of the assistant one chat message?"""

from typing import Any

from vllm.entrypoints.openai.responses import utils

from vllm_responses_fix.probing import items

_TURN: list[dict[str, Any]] = [
    {
        "type": "reasoning",
        "id": "rs_probe",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "reasoning"}],
    },
    {
        "type": "message",
        "id": "msg_probe",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "text", "annotations": []}],
    },
    {
        "type": "function_call",
        "call_id": "call_probe",
        "name": "probe",
        "arguments": "{}",
    },
]


def fault() -> str | None:
    """How many chat messages one turn of the assistant becomes, if more than one."""
    messages = utils.construct_chat_messages_with_tool_call(items(_TURN))
    if len(messages) > 1:
        return f"a turn of the assistant becomes {len(messages)} chat messages"
    return None
