"""The prompts that `enable_response_messages` asks for, each as what it adds.

vLLM puts the whole prompt into such a response, so the records of a conversation would
grow with every turn. The prompt of a turn begins as that of the turn before, and what
follows is all that its record has. A turn whose instructions or tools are others has
another beginning, and is stored whole.
"""

from collections.abc import Sequence
from typing import Any


def added_to(before: Any, value: Any) -> Any:
    """A JSON value, as what it has beside the beginning that it shares.

    Args:
        before: the same of the turn before; None if there is none.
        value: of this turn.
    """
    if isinstance(value, dict) and isinstance(before, dict):
        return {"of": {k: added_to(before.get(k), v) for k, v in value.items()}}
    for kind in (str, list):
        if isinstance(value, kind) and isinstance(before, kind):
            return _added_to_sequence(before, value)
    return {"is": value}


def whole(before: Any, added: Any) -> Any:
    """The value that `added_to` was given."""
    if "is" in added:
        return added["is"]
    if "of" in added:
        return {k: whole(before.get(k), v) for k, v in added["of"].items()}
    shared = added["shares"]
    value = before[:shared]
    if "changed" in added:
        value.append(whole(before[shared], added["changed"]))
    return value + added["then"]


def _added_to_sequence(before: Any, value: Any) -> dict[str, Any]:
    shared = _shared_length(before, value)
    added = {"shares": shared, "then": value[shared:]}
    rest = value[shared:]
    if rest and shared < len(before) and isinstance(rest[0], dict):
        added["changed"] = added_to(before[shared], rest[0])
        added["then"] = rest[1:]
    return added


def _shared_length(one: Sequence[Any], other: Sequence[Any]) -> int:
    """How many elements both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
