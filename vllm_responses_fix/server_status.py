"""A running server says what the kit did in it: a route and a metric.

`GET /responses_fix/status` answers with what `vllm-responses-fix status --json` prints,
of the process that answers, and `/metrics` has `vllm:responses_fix_info`.
"""

import functools
import importlib.metadata
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

from .metrics import make_prompt_cache_gauge, registered
from .own_routes import add_route
from .patching import Substitution
from .report import Status

TRIGGER = "vllm.entrypoints.openai.responses.api_router"
"""The module that gives the Responses API's routes to an app."""

PATH = "/responses_fix/status"

_METRIC = "vllm:responses_fix_info"


def put_in(
    module: ModuleType, status: Callable[[], Status], is_installed: Callable[[], bool]
) -> list[Substitution]:
    """Give every app that has the Responses API the route and the metrics.

    Args:
        module: `TRIGGER`, imported.
        status: what the kit has to say.
        is_installed: where it isn't any more, the route does not answer.

    Returns:
        What was done, for `undo_all`; nothing, where this vLLM attaches its routes in
        another way.
    """
    original = vars(module).get("attach_router")
    if original is None:
        return []

    @functools.wraps(original)
    def attach_router(app: Any) -> None:
        original(app)
        _add_route(app, status, is_installed)
        _set_metric(status())
        make_prompt_cache_gauge()

    done = Substitution(module, "attach_router", original, attach_router)
    done.do()
    return [done]


def version() -> str:
    """The version of the kit; a folder that is not installed has none."""
    try:
        return importlib.metadata.version("vllm-responses-fix")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _add_route(
    app: Any, status: Callable[[], Status], is_installed: Callable[[], bool]
) -> None:
    from fastapi import Request
    from fastapi.responses import JSONResponse

    async def responses_fix_status(request: Request) -> JSONResponse:
        """What vllm-responses-fix did in the process that answers."""
        if not _may_ask(request):
            return JSONResponse({"error": "Unauthorized"}, status_code=401)
        said = {**status().to_dict(), "version": version(), "process": os.getpid()}
        return JSONResponse(said)

    add_route(app, PATH, responses_fix_status, "GET", is_on=is_installed)


def _may_ask(request: Any) -> bool:
    """Ask for the server's key, which vLLM itself does below `/v1` only."""
    for middleware in request.app.user_middleware:
        if middleware.cls.__name__ == "AuthenticationMiddleware":
            check = middleware.cls(request.app, **middleware.kwargs)
            if not check.verify_token(request.headers):
                return False
    return True


def _set_metric(status: Status) -> None:
    from prometheus_client import Gauge

    gauge: Any = registered(_METRIC)
    if gauge is not None:
        # What it said may have been of another state of the kit.
        gauge.clear()
    gauge = gauge or Gauge(
        _METRIC,
        "What vllm-responses-fix did in this server.",
        labelnames=["version", "vllm", "state", "applied", "refused"],
        multiprocess_mode="livemax",
    )
    applied = [patch.name for patch in status.patches if patch.state == "applied"]
    gauge.labels(
        version=version(),
        vllm=status.vllm or "",
        state=status.state,
        applied=",".join(applied),
        refused=",".join(patch.name for patch in status.refused),
    ).set(1)
