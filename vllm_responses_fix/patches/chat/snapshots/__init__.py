"""snapshots: see `PATCH`."""

from vllm_responses_fix.patch import Patch, ReliedOn, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

_CONTEXT = Wrapped(
    "parsable_context_init", "copy_response_messages", ("response_messages",)
)
_STORED = ReliedOn("create_responses", ("msg_store",), {"a4c3d27dd2cce14f": "0.21.0"})

PATCH = Patch(
    package=__name__,
    name="snapshots",
    what=(
        "What is stored of a conversation stays as it was: parser and renderer work "
        "on their own lists."
    ),
    why=(
        "ResponsesParser appends to the list that msg_store holds (every chained turn "
        "is a 500 with VLLM_USE_EXPERIMENTAL_PARSER_CONTEXT=1), and rendering "
        "rewrites the arguments of stored calls."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until=(
        "ResponsesParser copies response_messages and _postprocess_messages leaves "
        "the caller's messages alone."
    ),
    variants=(
        # From 0.29 on, arguments that were decoded before stay as they are.
        Variant(name="context", wraps=(_CONTEXT,), relies_on=(_STORED,)),
        Variant(
            name="context_and_renderer",
            wraps=(
                _CONTEXT,
                Wrapped("postprocess_messages", "copy_tool_calls", ("messages",)),
            ),
            relies_on=(_STORED,),
        ),
    ),
)
