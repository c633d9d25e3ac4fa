"""mistral-parts: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="mistral-parts",
    what=(
        "The text parts of chat messages have the type that a chat gives them, `text`, "
        "refusals included."
    ),
    why=(
        "vLLM's chat templates take the types of the Responses API as well, but "
        "Mistral's tokenizer mode does not: the parts of a user, of a result or of an "
        'answer are a 400 there, "not a valid ChunkTypes".'
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="construct_chat_messages_with_tool_call makes parts of a chat.",
    variants=(
        Variant(
            name="text_parts",
            wraps=(
                Wrapped(
                    "construct_chat_messages_with_tool_call",
                    "name_text_parts",
                    ("input_messages",),
                ),
            ),
        ),
    ),
    for_upstream=False,
)
