"""null-fields: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="null-fields",
    what="A field of a request that is `null` is as if it had not been sent.",
    why=(
        "Clients that write every field of OpenAI's schema send `null` for what is not "
        "set. vLLM refuses some (`service_tier`, `tools`, `tool_choice`) with a 400, "
        "and takes others for something else than their default: with `store` nothing "
        "is stored, and with `truncation` a prompt that is too long is cut."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="ResponsesRequest takes null for the default in all of its fields.",
    variants=(
        Variant(
            name="not_sent",
            # Of the validators that are given the fields as they came, the first.
            wraps=(Wrapped("check_tool_usage", "without_nulls", ("data",)),),
        ),
    ),
    for_upstream=False,
)
