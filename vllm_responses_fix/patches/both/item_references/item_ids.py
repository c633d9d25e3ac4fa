"""Ids of stored output items: by an id alone, its item is found.

There is no index to keep: an item is there as long as its response, in every store and
for every process.
"""

from typing import Any

# vLLM's own ids have letters, digits and underscores.
_SEPARATOR = "."


def stored_id(item_id: str, response_id: str) -> str:
    """The id under which an item of a response is stored; of such an id, itself."""
    ending = f"{_SEPARATOR}{response_id}"
    return item_id if item_id.endswith(ending) else f"{item_id}{ending}"


def response_id_of(item_id: str) -> str:
    """The id of the response that has an item; empty if none can have it."""
    return item_id.partition(_SEPARATOR)[2]


def is_reference(item: Any) -> bool:
    """Whether an item of an input, as JSON, is a reference; `type` is optional.

    Source: OpenAI's `ItemReference`.
    """
    if not isinstance(item, dict) or "role" in item:
        return False
    return isinstance(item.get("id"), str) and item.get("type") in (
        None,
        "item_reference",
    )
