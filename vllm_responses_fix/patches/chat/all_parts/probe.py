"""Does an item keep all that it holds?"""

import json
from typing import Any

from vllm.entrypoints.openai.responses import utils

from vllm_responses_fix.probing import items


def _message(*parts: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "message",
        "id": "msg_probe",
        "role": "assistant",
        "status": "completed",
        "content": list(parts),
    }


def _text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


_ITEMS: tuple[dict[str, Any], ...] = (
    _message(_text("part 1"), _text("part 2")),
    _message({"type": "refusal", "refusal": "part 1"}, _text("part 2")),
    _message(),
    {
        "type": "reasoning",
        "id": "rs_probe",
        "summary": [],
        "content": [
            {"type": "reasoning_text", "text": "part 1"},
            {"type": "reasoning_text", "text": "part 2"},
        ],
    },
)


def fault() -> str | None:
    """What an item of the assistant loses on its way to a chat message."""
    for item in _ITEMS:
        try:
            messages = json.dumps(
                utils.construct_chat_messages_with_tool_call(items([item]))
            )
        except Exception as error:
            return f"an item is an error: {json.dumps(item)}: {error!r}"
        wire = json.dumps(item)
        lost = [p for p in ("part 1", "part 2") if p in wire and p not in messages]
        if lost:
            return f"{', '.join(lost)} of an item is lost: {wire}, {messages}"
    return None
