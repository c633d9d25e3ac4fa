"""own-turn: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="own-turn",
    what=(
        "Whether reasoning is over before a stream begins is read from what the prompt "
        "has of its own turn, after the last end of a turn."
    ),
    why=(
        "A chat template that keeps `</think>` of earlier turns, and opens none, has "
        "the whole stream taken for text: reasoning and `</think>` are in the message."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="vLLM's reasoning parsers look at their own turn.",
    variants=(
        Variant(
            name="end_of_prompt",
            wraps=(
                Wrapped(
                    "process_simple_streaming_events",
                    "parse_own_turn",
                    (
                        "request",
                        "sampling_params",
                        "result_generator",
                        "context",
                        "model_name",
                        "tokenizer",
                    ),
                ),
            ),
        ),
    ),
    for_upstream=False,
)
