"""The endpoints that vLLM lacks: delete a response, list the items of its input.

As OpenAI documents them, see https://platform.openai.com/docs/api-reference/responses.
"""

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from ..patching import Substitution
from ..report import Status

PATCH_NAME = "stored-responses"


def put_in(module: ModuleType, status: Callable[[], Status]) -> list[Substitution]:
    """Give every app that has the Responses API the endpoints, and requests an owner.

    Args:
        module: vLLM's router of the Responses API, imported.
        status: what the kit did; where responses are vLLM's own, nothing is added.

    Returns:
        What was done, for `undo_all`.
    """
    original = vars(module).get("attach_router")
    if original is None:
        return []

    @functools.wraps(original)
    def attach_router(app: Any) -> None:
        original(app)
        for patch in status().patches:
            if patch.name == PATCH_NAME and patch.state == "applied":
                _add_to(app)

    done = Substitution(module, "attach_router", original, attach_router)
    done.do()
    return [done]


def _add_to(app: Any) -> None:
    from fastapi import Query, Request
    from fastapi.responses import JSONResponse

    from .endpoints import delete_response, input_items
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
        limit: int = Query(20, ge=1, le=100),
        after: str | None = None,
        order: str = Query("desc", pattern="^(asc|desc)$"),
    ) -> JSONResponse:
        """The items that a stored response was generated from."""
        body, status_code = await input_items(
            raw_request.app.state.openai_serving_responses,
            response_id,
            limit=limit,
            after=after,
            descending=order == "desc",
        )
        return JSONResponse(body, status_code)

    path = "/v1/responses/{response_id}"
    app.add_api_route(path, delete_responses, methods=["DELETE"])
    app.add_api_route(f"{path}/input_items", list_input_items, methods=["GET"])
