"""input-forms: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="input-forms",
    what=(
        "Items of an input that say the same in another form are brought into one, "
        "before anything else looks at them: assistant messages with parts and no "
        "type, `null` for what is not there, reasoning without a summary, parts under "
        "the name that the other side gives them, arguments as an object."
    ),
    why=(
        "Semantic Kernel, LlamaIndex, ellmer and others send them, and vLLM answers "
        "with a 400 of two hundred validation errors."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="ResponsesRequest.input_item_parsing takes these forms.",
    variants=(
        Variant(
            name="normal_form",
            wraps=(Wrapped("input_item_parsing", "parse_normal_form", ("data",)),),
        ),
    ),
    for_upstream=False,
)
