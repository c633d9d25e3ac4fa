"""Whose a request is, and when its client may try again."""

import hashlib
import os
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import Any

from ..store.settings import OWNER_HEADER
from .known import owner

Scope = MutableMapping[str, Any]

retry_after: ContextVar[list[int] | None] = ContextVar("retry_after", default=None)
"""Where a handler leaves after how many seconds its client may try again."""


class OwnerMiddleware:
    """Sets the owner of each request, before vLLM's handlers see it.

    The owner is the API key of the request, or where the operator says so, what a
    trusted proxy has put into a header. Its hash is all that is kept. On a server
    without keys all requests have one owner.
    """

    def __init__(self, app: Callable[[Scope, Any, Any], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seconds: list[int] = []
        owner.set(_owner(scope))
        retry_after.set(seconds)

        async def send_with_header(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and seconds:
                header = (b"retry-after", str(seconds[-1]).encode())
                message = {**message, "headers": [*message["headers"], header]}
            await send(message)

        await self._app(scope, receive, send_with_header)


def _owner(scope: Scope) -> str:
    header = os.environ.get(OWNER_HEADER, "").strip().lower()
    if header:
        return _hash(_values(scope, header))
    if not _has_keys(scope["app"]):
        return ""
    keys = [value.partition(b" ")[2] for value in _values(scope, "authorization")]
    return _hash(keys)


def _values(scope: Scope, name: str) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name.encode("latin-1")]


def _has_keys(app: Any) -> bool:
    return any(
        middleware.cls.__name__ == "AuthenticationMiddleware"
        for middleware in app.user_middleware
    )


def _hash(values: list[bytes]) -> str:
    return hashlib.sha256(b"\n".join(values)).hexdigest() if values else ""
