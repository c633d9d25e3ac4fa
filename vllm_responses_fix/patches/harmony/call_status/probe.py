"""Has a function call that the model has ended a status?"""

import inspect
from typing import Any

from openai_harmony import Message, Role
from vllm.entrypoints.openai.responses import harmony


def fault() -> str | None:
    """The status of a call."""
    call = (
        Message.from_role_and_content(Role.ASSISTANT, "{}")
        .with_channel("commentary")
        .with_recipient("functions.probe")
    )
    convert = harmony.harmony_to_response_output
    names: dict[str, Any] = {"function_tool_names": frozenset({"probe"})}
    known = inspect.signature(convert).parameters
    given = {name: value for name, value in names.items() if name in known}
    (item,) = convert(call, **given)
    if item.status is None:
        return "a call that has ended has no status"
    return None
