"""The 400 for an item that is not valid is one sentence."""

import functools
import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from .sentences import problem

Handler = Callable[[Any, Any], Coroutine[Any, Any, Any]]


def say_what_is_wrong(original: Handler) -> Handler:
    """Answer with one sentence, where it is the input of a response that is not valid.

    Source: OpenAI's errors, which name one parameter.
    """

    @functools.wraps(original)
    async def validation_exception_handler(req: Any, exc: Any) -> Any:
        found = _problem_of(exc) if "/responses" in req.url.path else None
        if found is None:
            return await original(req, exc)
        path, sentence = found
        # What surrounds the sentence is vLLM's, which differs from release to release.
        response = await original(req, RequestValidationError([]))
        answer = json.loads(response.body)
        answer["error"] |= {"message": sentence, "param": path}
        return JSONResponse(answer, response.status_code)

    return validation_exception_handler


def _problem_of(exc: RequestValidationError) -> tuple[str, str] | None:
    """Where it is and what, if the errors are those of items of the input."""
    errors = exc.errors()
    if not errors or any(_is_elsewhere(error) for error in errors):
        return None
    wire = exc.body.get("input") if isinstance(exc.body, dict) else None
    numbers = [part for error in errors for part in error["loc"][2:4] if _is_int(part)]
    if isinstance(wire, list) and numbers and min(numbers) < len(wire):
        number = min(numbers)
        return problem(wire[number], f"input[{number}]")
    if wire is None:
        return "input", "input is missing."
    return "input", "input is neither a text nor a list of items."


def _is_elsewhere(error: Any) -> bool:
    # An error that vLLM itself has raised has a context, with its own words.
    return tuple(error["loc"][:2]) != ("body", "input") or "error" in (
        error.get("ctx") or {}
    )


def _is_int(part: Any) -> bool:
    return isinstance(part, int)
