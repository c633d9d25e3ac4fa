"""harmony-previous-messages: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="harmony-previous-messages",
    what=(
        "gpt-oss: `output_messages` that a client sends back as "
        "`previous_input_messages` keep channel, recipient and content type."
    ),
    why=(
        "vLLM sends a message with its role at the top and reads one so as a chat's, "
        "which has none of the three: reasoning and calls come back as answers."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="response_previous_input_to_harmony reads what to_dict writes.",
    variants=(
        Variant(
            name="header",
            wraps=(
                Wrapped(
                    "response_previous_input_to_harmony", "keep_header", ("chat_msg",)
                ),
            ),
        ),
    ),
    for_upstream=False,
)
