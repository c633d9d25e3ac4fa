"""merge-items: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Replaced, Variant

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="merge-items",
    what=(
        "Contiguous reasoning, text and call items of the assistant become one chat "
        "message, for replayed and chained requests alike."
    ),
    why=(
        "Chat templates expect one assistant message a turn; 0.21.0 renders one for "
        "each item. Later releases merge."
    ),
    upstream=(f"{_VLLM}/pull/42189",),
    until="vLLM 0.21.0 is no longer served: 0.22.0 has it.",
    variants=(
        Variant(
            name="combining",
            replaces=(
                Replaced(
                    "maybe_combine_reasoning_and_tool_call",
                    {"89dde3bf7585a6cb": "0.21.0"},
                ),
            ),
        ),
    ),
)
