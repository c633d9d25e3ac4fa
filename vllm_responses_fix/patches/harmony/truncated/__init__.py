"""harmony-truncated: see `PATCH`."""

from vllm_responses_fix.patch import Patch, ReliedOn, Replaced, Variant

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="harmony-truncated",
    what=(
        "gpt-oss: text, reasoning or a call that was cut short stays in the "
        "conversation."
    ),
    why=(
        "The response shows it, but the stored messages end with the last one that "
        "the model completed."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="vLLM 0.24.0 is no longer served: 0.25.0 appends what its parser holds.",
    variants=(
        Variant(
            name="named_functions",
            replaces=(
                Replaced(
                    "make_response_output_items_with_harmony",
                    {"61f86ce9c7252a7c": "0.22.1"},
                ),
            ),
            relies_on=(
                ReliedOn(
                    "harmony_to_response_output",
                    parameters=("message", "function_tool_names"),
                ),
            ),
        ),
        Variant(
            name="any_call",
            replaces=(
                Replaced(
                    "make_response_output_items_with_harmony",
                    {"896143f1dfeec751": "0.21.0"},
                ),
            ),
        ),
    ),
)
