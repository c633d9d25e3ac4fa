"""What a request gets whose id its owner has used: the client may have missed the
answer."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from vllm.entrypoints.openai.responses.protocol import ResponsesResponse

from .background import is_unfinished
from .owners import retry_after
from .replaying import events_of

RETRY_AFTER_SECONDS = 1


@dataclass(frozen=True)
class Earlier:
    """A response that has the id of a request.

    Attributes:
        digest: of the body of the request that it was made for; None if that is not
            known, or if it was deleted.
        is_stored: whether it can be read, finished or not.
    """

    digest: str | None = None
    is_stored: bool = False


def digest(body: Mapping[str, Any]) -> str:
    """What two bodies that say the same have in common."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


async def answer_again(
    self: Any, request: Any, digest: str | None, earlier: Earlier
) -> Any:
    """What the client of a request gets, of which there was an earlier one.

    As of an idempotency key: the answer once more, if the request is the same; 409
    until there is one, upon which OpenAI's SDKs try again.

    Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/,
    but for another body the 400 that OpenAI has for what is wrong with a field.
    """
    if digest is None or earlier.digest != digest:
        return self.create_error_response(
            message=(
                f"'{request.request_id}' is the id of another request's response, "
                "which is stored, being made or was deleted. Send another "
                "`request_id`, or none."
            ),
            err_type="invalid_request_error",
            status_code=HTTPStatus.BAD_REQUEST,
            param="request_id",
        )
    if request.stream and request.request_id in self.event_store:
        return self.responses_background_stream_generator(request.request_id)
    response = None
    if earlier.is_stored:
        # As any client reads it, with what other patches do to it.
        response = await self.retrieve_responses(
            request.request_id, starting_after=None, stream=False
        )
        if not isinstance(response, ResponsesResponse):
            return response
    if response is None or (request.stream and is_unfinished(response)):
        if (seconds := retry_after.get()) is not None:
            seconds.append(RETRY_AFTER_SECONDS)
        return self.create_error_response(
            message=(
                f"The response with id '{request.request_id}' is being made for the "
                "same request. Try again when it is finished."
            ),
            err_type="conflict_error",
            status_code=HTTPStatus.CONFLICT,
            param="request_id",
        )
    return events_of(response) if request.stream else response
