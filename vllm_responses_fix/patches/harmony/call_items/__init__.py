"""harmony-call-items: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Replaced, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="harmony-call-items",
    what=(
        "gpt-oss: a call to a function is a function_call item on whichever channel "
        "it was written, and has its whole name."
    ),
    why=(
        "A call on the analysis channel is streamed as function_call and stored as "
        "mcp_call, so its result is a 400; of a name with dots only the last part is "
        "left."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="vLLM 0.21.0 is no longer served: 0.22.0 does (is_function_recipient).",
    variants=(
        Variant(
            name="calls",
            replaces=(
                Replaced("harmony_to_response_output", {"2974d77433d29218": "0.21.0"}),
                Replaced("parse_function_call", {"b88063207c266dad": "0.21.0"}),
            ),
            wraps=(
                Wrapped(
                    "parser_state_to_response_output",
                    "name_unfinished_call",
                    ("parser",),
                ),
            ),
        ),
    ),
)
