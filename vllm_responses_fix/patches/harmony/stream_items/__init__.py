"""harmony-stream-items: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="harmony-stream-items",
    what=(
        "gpt-oss: every item that a stream closes was opened, and a closed call has "
        "its item id."
    ),
    why=(
        "An item without a delta is closed under the id of the item before it, a call "
        'without one under the call id "" (from 0.25 on, neither is in the stream at '
        "all); up to 0.23 the item id of a closed call is null."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="emit_previous_item_done_events opens such items.",
    variants=(
        Variant(
            name="closed_with_id",
            wraps=(
                Wrapped(
                    "emit_previous_item_done_events",
                    "open_item_before_done",
                    ("previous_item", "state", "function_tool_names"),
                ),
            ),
        ),
        Variant(
            name="named_functions",
            wraps=(
                Wrapped(
                    "emit_previous_item_done_events",
                    "open_item_before_done",
                    ("previous_item", "state", "function_tool_names"),
                ),
            ),
        ),
        Variant(
            name="any_call",
            wraps=(
                Wrapped(
                    "emit_previous_item_done_events",
                    "open_item_before_done",
                    ("previous_item", "state"),
                ),
            ),
        ),
    ),
)
