"""The endpoints that vLLM lacks: delete a response, list the items of its input.

As OpenAI documents them, see https://platform.openai.com/docs/api-reference/responses.
"""

import functools
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Annotated, Any

from ..own_routes import add_route
from ..patching import Substitution
from ..report import Status

PATCH_NAME = "stored-responses"


def put_in(module: ModuleType, status: Callable[[], Status]) -> list[Substitution]:
    """Give every app that has the Responses API the endpoints, and requests an owner.

    Args:
        module: vLLM's router of the Responses API, imported.
        status: what the kit did; where responses are vLLM's own, nothing is added, and
            what was added does not answer any more.

    Returns:
        What was done, for `undo_all`.
    """
    original = vars(module).get("attach_router")
    if original is None:
        return []

    @functools.wraps(original)
    def attach_router(app: Any) -> None:
        original(app)
        if is_on():
            _add_to(app, is_on)

    def is_on() -> bool:
        return any(
            patch.name == PATCH_NAME and patch.state == "applied"
            for patch in status().patches
        )

    done = Substitution(module, "attach_router", original, attach_router)
    done.do()
    return [done]


def _add_to(app: Any, is_on: Callable[[], bool]) -> None:
    from fastapi import Query, Request
    from fastapi.responses import JSONResponse

    from .endpoints import LIMIT_SCHEMA, ORDER_SCHEMA, delete_response, input_items
    from .owners import OwnerMiddleware

    app.add_middleware(OwnerMiddleware)

    async def delete_responses(response_id: str, raw_request: Request) -> JSONResponse:
        """Delete a stored response."""
        body, status_code = await delete_response(
            raw_request.app.state.openai_serving_responses, response_id
        )
        return JSONResponse(body, status_code)

    async def list_input_items(
        response_id: str,
        raw_request: Request,
        # Any text, as FastAPI's own refusal names this file instead of the parameter.
        limit: Annotated[Any, Query(json_schema_extra=LIMIT_SCHEMA)] = 20,
        after: str | None = None,
        order: Annotated[str, Query(json_schema_extra=ORDER_SCHEMA)] = "desc",
        include: Sequence[str] = Query(()),
        # As OpenAI's SDKs write it.
        include_in_brackets: Sequence[str] = Query((), alias="include[]"),
    ) -> JSONResponse:
        """The items that a stored response was generated from."""
        body, status_code = await input_items(
            raw_request.app.state.openai_serving_responses,
            response_id,
            limit=limit,
            after=after,
            order=order,
            include=[*include, *include_in_brackets],
        )
        return JSONResponse(body, status_code)

    path = "/v1/responses/{response_id}"
    add_route(app, path, delete_responses, "DELETE", is_on=is_on)
    add_route(app, f"{path}/input_items", list_input_items, "GET", is_on=is_on)
