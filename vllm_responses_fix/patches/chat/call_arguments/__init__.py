"""call-arguments: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="call-arguments",
    what=(
        "Arguments of a call that are no JSON object reach the chat template as they "
        'were written, in an object: `{"arguments": "..."}`.'
    ),
    why=(
        "Templates are given an empty object in their place: of a call that was cut "
        "short, or of two objects one after the other, the model sees nothing."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="_postprocess_messages keeps what it can't parse.",
    variants=(
        Variant(
            name="in_an_object",
            wraps=(
                Wrapped(
                    "construct_message_from_response_item",
                    "keep_arguments",
                    ("item", "prev_msg"),
                ),
            ),
        ),
    ),
    for_upstream=False,
)
