"""harmony-call-status: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="harmony-call-status",
    what="gpt-oss: a function call of a response has a status, as in its stream.",
    why=(
        "It is null, where `@openai/agents` wants one of OpenAI's: it refuses each "
        "stream with a call."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="vLLM 0.24 is no longer served: 0.25.0 sets it.",
    variants=(
        Variant(
            name="completed",
            wraps=(Wrapped("parse_function_call", "say_completed", ()),),
        ),
    ),
    for_upstream=False,
)
