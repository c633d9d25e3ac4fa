"""What a client is told when a response can't be read from the store."""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any

from ..store.protocol import NotStored, StoreUnavailable
from .body import UnknownFormatError
from .owners import retry_after
from .rebuilding import UnrenderableError

RETRY_AFTER_SECONDS = 5

_GONE = {
    "expired": " It has expired.",
    "evicted": " It was evicted to make room for newer ones.",
    "deleted": " It was deleted.",
}


async def or_error(self: Any, asked: Awaitable[Any], id: str, param: str) -> Any:
    """What was asked of the store, or the error that the client is to get.

    Args:
        self: vLLM's serving object.
        asked: a coroutine of `Conversations`.
        id: of the response that it is about.
        param: the parameter that has the id.
    """
    try:
        return await asked
    except NotStored as error:
        response = self._make_not_found_error(id)
        response.error.message += _GONE.get(error.reason, "")
        response.error.param = param
        return response
    except StoreUnavailable as error:
        if (seconds := retry_after.get()) is not None:
            seconds.append(RETRY_AFTER_SECONDS)
        return self.create_error_response(
            message=f"Stored responses can't be read at the moment: {error}",
            err_type="service_unavailable",
            status_code=HTTPStatus.SERVICE_UNAVAILABLE,
            param=param,
        )
    except (UnrenderableError, UnknownFormatError) as error:
        return self.create_error_response(
            message=f"Response with id '{id}' can't be continued here: {error}",
            err_type="invalid_request_error",
            status_code=HTTPStatus.BAD_REQUEST,
            param=param,
        )
