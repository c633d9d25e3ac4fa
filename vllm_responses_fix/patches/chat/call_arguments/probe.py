"""Are the arguments of a call in the prompt, whatever they are?"""

import json
from typing import Any

from vllm.entrypoints.openai.responses import utils

from vllm_responses_fix.places import held_by
from vllm_responses_fix.probing import items

_CALL: dict[str, Any] = {
    "type": "function_call",
    "call_id": "call_1",
    "name": "call",
    "arguments": '{"probe": 1}{"probe": 2}',
}


def fault() -> str | None:
    """Takes a call through the functions that make it ready for a template."""
    messages = utils.construct_chat_messages_with_tool_call(items([_CALL]))
    name = "_postprocess_messages"
    vars(held_by(name)[0])[name](messages)
    shown = json.dumps(messages)
    return None if "probe" in shown else f"arguments are lost: {shown}"
