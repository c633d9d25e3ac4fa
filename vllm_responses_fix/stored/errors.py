"""What a client is told when a response can't be read from the store."""

import functools
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from pydantic import create_model, model_serializer

from ..store.protocol import NotStored, Reason, StoreUnavailable
from .body import UnknownFormatError
from .conversations import conversations_of
from .owners import retry_after
from .rebuilding import UnrenderableError

RETRY_AFTER_SECONDS = 5

PREVIOUS_RESPONSE_NOT_FOUND = "previous_response_not_found"

_GONE = {
    "expired": " It has expired.",
    "evicted": " It was evicted to make room for newer ones.",
    "deleted": " It was deleted.",
}


def api_processes(self: Any) -> int:
    """How many API processes the server of a serving object has."""
    parallel = self.engine_client.vllm_config.parallel_config
    return int(parallel._api_process_count)


def not_found(self: Any, id: str, param: str, reason: Reason = "unknown") -> Any:
    """The error for a response that is not there: all of the kit's are made here.

    A 404, but for `previous_response_id`: that is a 400 with a code by which clients
    know that they have to send the conversation in full, as OpenAI documents it
    (https://developers.openai.com/api/docs/guides/websocket-mode).

    Args:
        self: vLLM's serving object.
        id: of the response.
        param: the parameter that has the id.
        reason: why it is not there.
    """
    error = self._make_not_found_error(id)
    error.error.message += _GONE.get(reason, "")
    if reason == "unknown" and _others_have_their_own(self):
        error.error.message += (
            " The API processes of this server share no store, and another one may "
            "have it: start the server with VLLM_RESPONSES_FIX_STORE=auto."
        )
    error.error.param = param
    if param != "previous_response_id":
        return error
    said = error.error.message
    error.error.message = f"Previous {said[0].lower()}{said[1:]}"
    error.error.code = HTTPStatus.BAD_REQUEST
    vllms: Any = type(error)
    return _with_name(vllms)(error=error.error)


def _others_have_their_own(self: Any) -> bool:
    conversations = conversations_of(self)
    return (
        conversations is not None
        and not conversations.store.shared
        and api_processes(self) > 1
    )


@functools.cache
def _with_name(error: Any) -> Any:
    """vLLM's error, with OpenAI's code where vLLM has the HTTP status once more.

    It takes the status from there, so only what the client gets is changed.
    """

    def serialize(self: Any, handler: Callable[[Any], Any]) -> Any:
        fields = handler(self)
        fields["error"]["code"] = PREVIOUS_RESPONSE_NOT_FOUND
        return fields

    return create_model(
        "PreviousResponseNotFound",
        __base__=error,
        __validators__={"serialize": model_serializer(mode="wrap")(serialize)},
    )


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
        return not_found(self, id, param, error.reason)
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
