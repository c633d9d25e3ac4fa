"""token-deltas: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="token-deltas",
    what=(
        "Several tokens that the engine hands over at once (speculative decoding, a "
        "busy server) are parsed one by one."
    ),
    why=(
        "Streaming parsers are written for one token at a time: where `</think>` or "
        "`<tool_call>` shares a delta with other tokens, they lose reasoning, text, "
        "arguments or whole calls, or show tags as text."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="vLLM's streaming parsers read a delta of any size.",
    variants=(
        Variant(
            name="one_by_one",
            wraps=(
                Wrapped(
                    "process_simple_streaming_events",
                    "parse_one_by_one",
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
