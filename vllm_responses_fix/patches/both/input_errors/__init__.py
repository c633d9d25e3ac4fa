"""input-errors: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"
_WRAPPER = "say_what_is_wrong"
_PARAMETERS = ("req", "exc")

PATCH = Patch(
    package=__name__,
    name="input-errors",
    what=(
        "The 400 for an item that is not valid is one sentence, with the path to what "
        "is wrong: `input[3].content[0].text is missing.`"
    ),
    why=(
        "It lists what is wrong with the item as each of fifty types, two hundred "
        "errors with the whole item in each, and does not say which of them counts."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="validation_exception_handler says it so.",
    variants=(
        Variant(
            name="one_sentence",
            wraps=(Wrapped("validation_exception_handler", _WRAPPER, _PARAMETERS),),
        ),
        Variant(
            name="one_sentence",
            wraps=(
                Wrapped("serve_validation_exception_handler", _WRAPPER, _PARAMETERS),
            ),
        ),
        Variant(
            name="one_sentence",
            wraps=(
                Wrapped("openai_validation_exception_handler", _WRAPPER, _PARAMETERS),
            ),
        ),
    ),
    for_upstream=False,
)
