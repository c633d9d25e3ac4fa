"""harmony-content-index: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="harmony-content-index",
    what="gpt-oss: a stream counts the parts of each item from 0.",
    why=(
        "A message after reasoning has its only part at `content_index` 1, where the "
        "`.stream()` of OpenAI's SDKs for Python and Node looks for it in vain and "
        "throws."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="vLLM 0.24 is no longer served: 0.25.0 counts so.",
    variants=(
        Variant(
            name="counted_anew",
            wraps=(Wrapped("reset_for_new_item", "count_parts_anew", ()),),
        ),
    ),
    for_upstream=False,
)
