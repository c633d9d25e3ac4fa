"""What is wrong with an item, in one sentence with the path to it.

Only asked for items that vLLM has refused, so whatever is not known here is said to be
no valid item of its type.
"""

from collections.abc import Mapping
from typing import Any

Problem = tuple[str, str]
"""A path and the sentence that begins with it."""

_ROLES = ("user", "assistant", "system", "developer")
_INPUT_PARTS: Mapping[str, str | None] = {
    "input_text": "text",
    "input_image": None,
    "input_file": None,
}
"""Types of parts, and the text that each has to have."""
_PARTS: Mapping[str, Mapping[str, str | None]] = {
    "assistant": {"output_text": "text", "refusal": "refusal", **_INPUT_PARTS},
    "reasoning.content": {"reasoning_text": "text"},
    "reasoning.summary": {"summary_text": "text"},
}
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "function_call": ("call_id", "name", "arguments"),
    "function_call_output": ("call_id",),
    "custom_tool_call": ("call_id", "name", "input"),
    "custom_tool_call_output": ("call_id",),
    "mcp_call": ("name", "server_label", "arguments"),
    "item_reference": ("id",),
}
"""Fields of items that are texts."""
_LONGEST = 60
"""Of a client's own words, so much is repeated."""


def problem(item: Any, path: str) -> Problem:
    """The first thing that is wrong with an item."""
    if not isinstance(item, dict):
        return path, f"{path} is not an object."
    item_type = item.get("type") or "message"
    if not isinstance(item_type, str):
        return _no_text(item, "type", path)
    found = None
    if item_type == "message":
        found = _message(item, path)
    elif item_type == "reasoning":
        for field in ("summary", "content"):
            found = found or _parts(
                item.get(field) or [], f"{path}.{field}", "reasoning"
            )
    elif item_type in _TEXTS:
        found = _fields(item, path, item_type)
    return found or (path, f"{path} is not a valid item of type {_shown(item_type)}.")


def _message(item: dict[str, Any], path: str) -> Problem | None:
    role = item.get("role")
    if role is None:
        return path, f"{path} has neither a type nor a role."
    if not isinstance(role, str):
        return _no_text(item, "role", path)
    if role not in _ROLES:
        path = f"{path}.role"
        return path, f"{path} is {_shown(role)}, which is not one of {_list(_ROLES)}."
    return _texts_or_parts(item, f"{path}.content", role)


def _fields(item: dict[str, Any], path: str, item_type: str) -> Problem | None:
    for name in _TEXTS[item_type]:
        if not isinstance(item.get(name), str):
            return _no_text(item, name, path)
    if item_type.endswith("_output"):
        return _texts_or_parts(item, f"{path}.output", "output")
    return None


def _texts_or_parts(item: dict[str, Any], path: str, whose: str) -> Problem | None:
    value = item.get(path.rpartition(".")[2])
    if value is None:
        return path, f"{path} is missing."
    if isinstance(value, str):
        return None
    if not isinstance(value, list):
        return path, f"{path} is neither a text nor a list of parts."
    return _parts(value, path, whose)


def _parts(parts: Any, path: str, whose: str) -> Problem | None:
    if not isinstance(parts, list):
        return path, f"{path} is not a list of parts."
    field = path.rpartition(".")[2]
    known = _PARTS.get(whose) or _PARTS.get(f"{whose}.{field}") or _INPUT_PARTS
    for number, part in enumerate(parts):
        here = f"{path}[{number}]"
        if not isinstance(part, dict):
            return here, f"{here} is not an object."
        part_type = part.get("type")
        if not isinstance(part_type, str):
            return _no_text(part, "type", here)
        if part_type not in (*known, "text", "input_text", "output_text"):
            here = f"{here}.type"
            return here, f"{here} is {_shown(part_type)}, not one of {_list(known)}."
        name = known.get(part_type, "text")
        if name is not None and not isinstance(part.get(name), str):
            return _no_text(part, name, here)
    return None


def _no_text(holder: dict[str, Any], name: str, path: str) -> Problem:
    path = f"{path}.{name}"
    what = "is missing" if holder.get(name) is None else "is not a text"
    return path, f"{path} {what}."


def _shown(text: str) -> str:
    return repr(text[:_LONGEST])


def _list(names: Any) -> str:
    return ", ".join(names)
