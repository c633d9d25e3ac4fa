"""continued-answers: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="continued-answers",
    what=(
        "A chained request with `input: []` continues an answer that was cut short, as "
        "the replayed one does."
    ),
    why=(
        "Whether the last message is continued is decided by the request's own input: "
        "chained it has none, and a new message is opened after half an answer."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="build_chat_params looks at the previous response's output.",
    variants=(
        Variant(
            name="previous_output",
            wraps=(
                Wrapped(
                    "construct_input_messages",
                    "remember_previous_output",
                    ("request_input", "prev_response_output"),
                ),
                Wrapped(
                    "should_continue_final_message",
                    "look_at_previous_output",
                    ("request_input",),
                ),
            ),
        ),
    ),
    for_upstream=False,
)
