"""Is a function call a function_call item, with its whole name?"""

import inspect
from typing import Any

from openai_harmony import Message, Role
from vllm.entrypoints.openai.responses import harmony


def fault() -> str | None:
    """What item a call on the analysis channel becomes."""
    call = (
        Message.from_role_and_content(Role.ASSISTANT, "{}")
        .with_channel("analysis")
        .with_recipient("functions.probe.of.calls")
    )
    convert = harmony.harmony_to_response_output
    names: dict[str, Any] = {"function_tool_names": frozenset({"probe.of.calls"})}
    known = inspect.signature(convert).parameters
    given = {name: value for name, value in names.items() if name in known}
    (item,) = convert(call, **given)
    if item.type != "function_call" or item.name != "probe.of.calls":
        return f"a call of probe.of.calls becomes {item.type} {item.name}"
    return None
