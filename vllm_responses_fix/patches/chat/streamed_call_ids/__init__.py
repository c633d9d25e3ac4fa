"""streamed-call-ids: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="streamed-call-ids",
    what="A stream's function call has the call id that the tool parser read or made.",
    why=(
        "The events have an invented call_<hex>, also where the model wrote an id of "
        "its own (Kimi) or takes no other form back: in Mistral's tokenizer mode every "
        "later turn that names it is a 400."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="the stream's events take it over (0.32.0: emit_simple_tool_call_open).",
    variants=(
        Variant(
            name="opened_call",
            wraps=(
                Wrapped(
                    "open_streamed_item",
                    "take_over_call_id",
                    ("target_state", "tool_call"),
                ),
            ),
        ),
    ),
    for_upstream=False,
)
