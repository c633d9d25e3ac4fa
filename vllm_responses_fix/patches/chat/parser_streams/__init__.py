"""parser-streams: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="parser-streams",
    what=(
        "With VLLM_USE_EXPERIMENTAL_PARSER_CONTEXT=1 a request for a stream is a 400 "
        "that says so."
    ),
    why=(
        "Such a stream ends after response.in_progress, without output or error, and "
        "nothing is stored."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="_process_simple_streaming_events serves a ParsableContext.",
    variants=(
        Variant(
            name="refused_stream",
            wraps=(
                Wrapped(
                    "validate_create_responses_input", "refuse_stream", ("request",)
                ),
            ),
        ),
    ),
    for_upstream=False,
)
