"""stream-events: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="stream-events",
    what=(
        "A stream shows the parts of reasoning with OpenAI's events, "
        "`response.content_part.added` and `.done`, as later releases of vLLM do."
    ),
    why=(
        "`response.reasoning_part.added` and `.done` are vLLM's own: openai-node's "
        "`.stream()` throws on them."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="vLLM 0.31.0 is no longer served: 0.32.0 sends OpenAI's events.",
    variants=(
        Variant(
            name="content_parts",
            wraps=(
                Wrapped(
                    "responses_stream_generator",
                    "show_content_parts",
                    ("request", "context"),
                ),
            ),
        ),
    ),
    for_upstream=False,
)
