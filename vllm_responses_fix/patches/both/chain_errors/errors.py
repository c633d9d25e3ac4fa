"""What can't be chained on is refused with the reason."""

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from vllm.entrypoints.openai.responses.protocol import ResponsesRequest

if TYPE_CHECKING:
    # Not imported for real: later releases have it elsewhere.
    from vllm.entrypoints.openai.engine.protocol import ErrorResponse

_UNFINISHED = ("queued", "in_progress")


def validate_previous_response(
    original: Callable[[Any, ResponsesRequest], "ErrorResponse | None"],
) -> Callable[[Any, ResponsesRequest], "ErrorResponse | None"]:
    """Check what a request says about stored responses, after vLLM's own checks."""

    @functools.wraps(original)
    def _validate_create_responses_input(
        self: Any, request: ResponsesRequest
    ) -> "ErrorResponse | None":
        return original(self, request) or _stored_response_error(self, request)

    return _validate_create_responses_input


def _stored_response_error(
    self: Any, request: ResponsesRequest
) -> "ErrorResponse | None":
    previous_id = request.previous_response_id
    previous = self.response_store.get(previous_id) if previous_id else None
    if previous is not None and previous.status in _UNFINISHED:
        return self.create_error_response(
            err_type="invalid_request_error",
            message=(
                f"Response with id '{previous_id}' is {previous.status}: it has no "
                "output to continue from yet. Wait until it is completed, or "
                "cancel it."
            ),
            status_code=HTTPStatus.BAD_REQUEST,
            param="previous_response_id",
        )
    if request.store and request.request_id in self.response_store:
        return self.create_error_response(
            err_type="invalid_request_error",
            message=(
                f"A response with id '{request.request_id}' is stored already. "
                "Send another `request_id`, or none."
            ),
            status_code=HTTPStatus.BAD_REQUEST,
            param="request_id",
        )
    return None


def make_not_found_error(self: Any, response_id: str) -> "ErrorResponse":
    """The 404 for a response id, which says so if nothing is stored at all."""
    message = f"Response with id '{response_id}' not found."
    if not self.enable_store:
        message += (
            " This server stores no responses: to use `previous_response_id`, "
            "start it with the environment variable "
            "VLLM_ENABLE_RESPONSES_API_STORE=1."
        )
    return self.create_error_response(
        err_type="invalid_request_error",
        message=message,
        status_code=HTTPStatus.NOT_FOUND,
        param="response_id",
    )
