"""Routes of the kit in vLLM's app, which answer as long as the kit is in."""

from collections.abc import Awaitable, Callable
from typing import Any


def add_route(
    app: Any,
    path: str,
    endpoint: Callable[..., Awaitable[Any]],
    method: str,
    *,
    is_on: Callable[[], bool],
) -> None:
    """Add a route to an app.

    Args:
        app: vLLM's FastAPI application.
        path, endpoint, method: as FastAPI has them.
        is_on: asked on every request; without it, the app answers as if there were no
            such route.
    """
    from fastapi.routing import APIRoute
    from starlette.routing import Match

    class OwnRoute(APIRoute):
        def matches(self, scope: Any) -> Any:
            return super().matches(scope) if is_on() else (Match.NONE, {})

    app.router.add_api_route(
        path, endpoint, methods=[method], route_class_override=OwnRoute
    )
