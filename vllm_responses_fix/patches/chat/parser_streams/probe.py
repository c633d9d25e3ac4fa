"""Is a stream that vLLM's parser context can't serve refused?"""

from collections.abc import AsyncIterator
from contextlib import suppress

from vllm import envs
from vllm.entrypoints.openai.responses.context import ParsableContext

from vllm_responses_fix.probing import finished, request, server, streamed

_SETTING = "VLLM_USE_EXPERIMENTAL_PARSER_CONTEXT"


def fault() -> str | None:
    """What becomes of a stream where vLLM is told to use its parser context."""
    if _is_refused() or _is_served():
        return None
    return "a stream with the parser context ends without output or error"


def _is_refused() -> bool:
    # A variable of vLLM's is an attribute that its module computes, unless it has one.
    had = vars(envs).get(_SETTING)
    setattr(envs, _SETTING, True)
    try:
        body = request("probe", stream=True, store=False)
        return server()._validate_create_responses_input(body) is not None
    finally:
        if had is None:
            delattr(envs, _SETTING)
        else:
            setattr(envs, _SETTING, had)


def _is_served() -> bool:
    context = ParsableContext.__new__(ParsableContext)
    with suppress(AssertionError):
        finished(streamed(server(), context, _generated(context)))
        return True
    return False


async def _generated(context: ParsableContext) -> AsyncIterator[ParsableContext]:
    yield context
