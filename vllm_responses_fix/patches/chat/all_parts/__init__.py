"""all-parts: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Replaced, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="all-parts",
    what=(
        "An item is converted with all its parts: every text part and refusal of a "
        "message, every part of reasoning, arguments that are not JSON."
    ),
    why=(
        "The converter takes the first part and drops the others; a refusal, an empty "
        "message, or a call that was cut short is an error, which then meets every "
        "later turn of the conversation."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="_construct_message_from_response_item reads all parts.",
    variants=(
        Variant(
            name="custom_tools",
            replaces=(
                Replaced(
                    "construct_message_from_response_item",
                    {"39713fd72243cd69": "0.32.0"},
                ),
            ),
        ),
        Variant(
            name="merging_all",
            replaces=(
                Replaced(
                    "construct_message_from_response_item",
                    {"df8c1197d9a38cc5": "0.25.1", "719e5601d9bc9f5b": "0.30.0"},
                ),
            ),
        ),
        Variant(
            name="merging",
            replaces=(
                Replaced(
                    "construct_message_from_response_item",
                    {"9c8f6defc9fee431": "0.22.1"},
                ),
            ),
        ),
        Variant(
            name="single_item",
            replaces=(
                Replaced(
                    "construct_single_message_from_response_item",
                    {"e102dd6fd500aebb": "0.21.0"},
                ),
            ),
        ),
        Variant(
            name="any_converter",
            wraps=(
                Wrapped(
                    "construct_message_from_response_item",
                    "convert_whole",
                    ("item", "prev_msg"),
                ),
            ),
        ),
    ),
)
