"""What can't be streamed is refused, as the client can't see it fail."""

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from vllm import envs


def refuse_stream(original: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Check whether vLLM can stream what is asked for, after its own checks."""

    @functools.wraps(original)
    def _validate_create_responses_input(self: Any, request: Any) -> Any:
        error = original(self, request)
        if error is not None or not request.stream or self.use_harmony:
            return error
        if not envs.VLLM_USE_EXPERIMENTAL_PARSER_CONTEXT:
            return None
        return self.create_error_response(
            err_type="invalid_request_error",
            message=(
                "This server can't stream: it was started with "
                "VLLM_USE_EXPERIMENTAL_PARSER_CONTEXT=1. Send the request without "
                "`stream`."
            ),
            status_code=HTTPStatus.BAD_REQUEST,
            param="stream",
        )

    return _validate_create_responses_input
