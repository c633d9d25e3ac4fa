"""harmony-known-messages: see `PATCH`."""

from vllm_responses_fix.patch import Patch, ReliedOn, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="harmony-known-messages",
    what="gpt-oss: a message that was in a prompt before is not rendered again.",
    why=(
        "Each turn renders and tokenizes the whole conversation: of the time that a "
        "chained turn takes to build, that is nearly all."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="openai_harmony or vLLM keeps the token ids of messages.",
    variants=(
        Variant(
            name="encoding",
            wraps=(Wrapped("get_encoding", "keep_messages", ()),),
            relies_on=(ReliedOn("render_for_completion", parameters=("messages",)),),
        ),
    ),
    for_upstream=False,
)
