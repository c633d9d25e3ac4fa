"""Whose a request is, and when its client may try again."""

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import Any

from ..store.settings import OWNER_HEADER
from .known import owner

Scope = MutableMapping[str, Any]

KEYS_KNOWN = 100_000
"""Of so many keys a process remembers which owner they are."""

_ITERATIONS = 210_000
_SALT = b"vllm-responses-fix: the owner of a stored response"

_owners: dict[bytes, str] = {}

retry_after: ContextVar[list[int] | None] = ContextVar("retry_after", default=None)
"""Where a handler leaves after how many seconds its client may try again."""


class OwnerMiddleware:
    """Sets the owner of each request, before vLLM's handlers see it.

    The owner is the API key of the request, or where the operator says so, what a
    trusted proxy has put into a header. What is stored of it is what `_derived` makes.
    On a server without keys all requests have one owner. vLLM's own check of the key
    comes before.
    """

    def __init__(self, app: Callable[[Scope, Any, Any], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if not _is_for_responses(scope):
            await self._app(scope, receive, send)
            return
        seconds: list[int] = []
        owner.set(await _owner(scope))
        retry_after.set(seconds)

        async def send_with_header(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and seconds:
                header = (b"retry-after", str(seconds[-1]).encode())
                message = {**message, "headers": [*message["headers"], header]}
            await send(message)

        await self._app(scope, receive, send_with_header)


def _is_for_responses(scope: Scope) -> bool:
    """Whether a request has passed vLLM's check of its key, if there is one.

    vLLM looks at the key below `/v1` only: other paths may come with any, and each
    would cost its derivation.
    """
    if scope["type"] != "http" or scope["method"] == "OPTIONS":
        return False
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path.startswith("/v1/responses")


async def _owner(scope: Scope) -> str:
    header = os.environ.get(OWNER_HEADER, "").strip().lower()
    if header:
        return await _owner_of(_values(scope, header))
    if not _has_keys(scope["app"]):
        return ""
    keys = [value.partition(b" ")[2] for value in _values(scope, "authorization")]
    return await _owner_of(keys)


def _values(scope: Scope, name: str) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name.encode("latin-1")]


def _has_keys(app: Any) -> bool:
    return any(
        middleware.cls.__name__ == "AuthenticationMiddleware"
        for middleware in app.user_middleware
    )


async def _owner_of(values: list[bytes]) -> str:
    if not values:
        return ""
    key = b"\n".join(values)
    if key not in _owners:
        found = await asyncio.to_thread(_derived, key)
        if len(_owners) >= KEYS_KNOWN:
            _owners.clear()
        _owners[key] = found
    return _owners[key]


def _derived(key: bytes) -> str:
    """What is stored of a key: who has a store's file can't try many keys on it.

    One salt for all, so that every process and replica comes to the same. That is
    enough, as the keys of a server are few and chosen by machines.

    Source: for the function and its iterations, which take tenths of a second,
    https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html.
    """
    return hashlib.pbkdf2_hmac("sha512", key, _SALT, _ITERATIONS, 32).hex()
