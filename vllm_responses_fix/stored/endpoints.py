"""What the endpoints answer that vLLM lacks."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, get_args

from openai.types.responses import ResponseIncludable

from .background import is_unfinished
from .body import Added, items_before_answer
from .conversations import conversations_of
from .errors import or_error
from .known import Known

Answer = tuple[dict[str, Any], int]

LONGEST_PAGE = 100

LIMIT_SCHEMA = {"type": "integer", "minimum": 1, "maximum": LONGEST_PAGE}
ORDER_SCHEMA = {"enum": ["asc", "desc"]}


async def delete_response(serving: Any, response_id: str) -> Answer:
    """Delete a response, after it was cancelled if it is not finished."""
    conversations = conversations_of(serving)
    if conversations is None:
        return _error(serving._make_not_found_error(response_id))
    known = await or_error(
        serving, conversations.read(response_id), response_id, "response_id"
    )
    if not isinstance(known, Known):
        return _error(known)
    if is_unfinished(known.response):
        await serving.cancel_responses(response_id)
    deleted = await or_error(
        serving, conversations.delete(response_id), response_id, "response_id"
    )
    if deleted is not None:
        return _error(deleted)
    return {"id": response_id, "object": "response", "deleted": True}, HTTPStatus.OK


async def input_items(
    serving: Any,
    response_id: str,
    *,
    limit: int | str,
    after: str | None,
    order: str,
    include: Sequence[str],
) -> Answer:
    """A page of the items that a response was generated from, earlier turns included.

    Args:
        limit: of items on the page, as `LIMIT_SCHEMA` has it.
        after: id of the item that the page before ended with.
        order: "desc" has the last item first.
        include: what the items are to have that OpenAI leaves out without it. Here
            they always have what is stored of them.
    """
    size = int(limit) if re.fullmatch("[0-9]{1,3}", str(limit)) else 0
    if not 1 <= size <= LONGEST_PAGE:
        message = f"limit is not a number from 1 to {LONGEST_PAGE}."
        return _wrong(serving, "limit", message)
    if order not in ORDER_SCHEMA["enum"]:
        return _wrong(serving, "order", "order is neither asc nor desc.")
    for value in include:
        if value not in get_args(ResponseIncludable):
            return _wrong(
                serving,
                "include",
                f"'{value}' can't be included: it takes "
                f"{', '.join(sorted(get_args(ResponseIncludable)))}.",
            )
    conversations = conversations_of(serving)
    if conversations is None:
        return _error(serving._make_not_found_error(response_id))
    chain = await or_error(
        serving, conversations.chain(response_id), response_id, "response_id"
    )
    if not isinstance(chain, list):
        return _error(chain)
    items = _with_ids(response_id, chain)
    if order == "desc":
        items.reverse()
    ids = [item["id"] for item in items]
    if after is not None and after not in ids:
        return _wrong(serving, "after", f"There is no item with id '{after}'.")
    start = 0 if after is None else ids.index(after) + 1
    page = items[start : start + size]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": start + size < len(items),
    }, HTTPStatus.OK


def _with_ids(response_id: str, chain: Sequence[Added]) -> list[dict[str, Any]]:
    return [
        _item(item, f"{response_id}_item_{number}")
        for number, item in enumerate(items_before_answer(chain))
    ]


def _item(item: dict[str, Any], id: str) -> dict[str, Any]:
    """An item of an input as one of a list: with an id, and its content in parts."""
    listed = {**item, "id": item.get("id") or id}
    if "role" in item:
        listed["type"] = "message"
        listed.setdefault("status", "completed")
        if isinstance(item["content"], str):
            kind = "output_text" if item["role"] == "assistant" else "input_text"
            part: dict[str, Any] = {"type": kind, "text": item["content"]}
            if kind == "output_text":
                part["annotations"] = []
            listed["content"] = [part]
    return listed


def _wrong(serving: Any, param: str, message: str) -> Answer:
    return _error(
        serving.create_error_response(
            message=message,
            err_type="invalid_request_error",
            status_code=HTTPStatus.BAD_REQUEST,
            param=param,
        )
    )


def _error(error: Any) -> Answer:
    return error.model_dump(mode="json", by_alias=True), error.error.code
