"""prompt-end: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="prompt-end",
    what="Of a prompt, the detokenizer of its answer reads the end.",
    why=(
        "It decodes the whole prompt twice before the first token: as much time as is "
        "left of a long turn whose prompt is known."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="FastIncrementalDetokenizer gives DecodeStream the end of the prompt.",
    variants=(
        Variant(
            name="detokenizer",
            wraps=(
                Wrapped(
                    "fast_detokenizer_init", "read_the_end", ("tokenizer", "request")
                ),
            ),
        ),
    ),
    for_upstream=False,
)
