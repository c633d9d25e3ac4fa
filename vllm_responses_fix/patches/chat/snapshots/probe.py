"""Does what is stored of a conversation stay as it was?"""

import inspect
import json
from collections.abc import Callable
from typing import Any

from vllm.entrypoints.openai.responses.context import ParsableContext

from vllm_responses_fix.places import held_by
from vllm_responses_fix.probing import Anything, request


def fault() -> str | None:
    """What writes into the stored messages of a conversation."""
    return _fault_of_context() or _fault_of_renderer()


def _fault_of_context() -> str | None:
    stored: list[Any] = [{"role": "user", "content": "probe"}]
    given: dict[str, Any] = {
        name: Anything()
        for name, parameter in inspect.signature(ParsableContext).parameters.items()
        if parameter.default is parameter.empty
    }
    given |= {
        "response_messages": stored,
        "request": request("probe"),
        "available_tools": [],
    }
    context = ParsableContext(**given)
    holders = (context, getattr(context, "parser", None))
    if any(
        value is stored
        for holder in holders
        if hasattr(holder, "__dict__")
        for value in vars(holder).values()
    ):
        return "ParsableContext appends output items to the stored messages"
    return None


def _fault_of_renderer() -> str | None:
    name = "_postprocess_messages"
    for postprocess in dict.fromkeys(vars(module)[name] for module in held_by(name)):
        found = _fault_of(postprocess)
        if found is not None:
            return found
    return None


def _fault_of(postprocess: Callable[[Any], None]) -> str | None:
    # Arguments that are a JSON string: decoded twice, they are something else.
    function = {"name": "probe", "arguments": json.dumps('{"probe": 1}')}
    call = {"id": "call_probe", "type": "function", "function": function}
    rendered = []
    for _ in range(2):
        message: Any = {"role": "assistant", "content": None, "tool_calls": [call]}
        postprocess([message])
        rendered.append(json.dumps(message))
    if rendered[0] != rendered[1]:
        return f"rendering changes a stored call: {rendered[0]}, then {rendered[1]}"
    return None
