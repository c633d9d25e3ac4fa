"""reconstruction: see `PATCH`."""

from vllm_responses_fix.patch import Patch, ReliedOn, Replaced, Variant

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="reconstruction",
    what=(
        "A chained turn is rebuilt from every item of the conversation: the same fold "
        "over its items that a replayed request goes through."
    ),
    why=(
        "construct_input_messages keeps only the text of earlier output: tool calls "
        "and reasoning are dropped, and so are the system items of earlier inputs, "
        "which it can't tell from earlier instructions."
    ),
    upstream=(
        f"{_VLLM}/issues/43244",
        f"{_VLLM}/pull/43247",
        f"{_VLLM}/issues/37697",
    ),
    until=(
        "construct_input_messages converts prev_response_output with the same "
        "converter as request_input."
    ),
    variants=(
        Variant(
            name="merging_converter",
            replaces=(
                Replaced("construct_input_messages", {"c4a6ddb03860ab93": "0.21.0"}),
                Replaced(
                    "construct_chat_messages_with_tool_call",
                    {"39c2fcaca978de52": "0.22.1"},
                ),
            ),
            relies_on=(
                ReliedOn(
                    "create_responses", ("msg_store",), {"a4c3d27dd2cce14f": "0.21.0"}
                ),
            ),
        ),
        Variant(
            name="separate_messages",
            replaces=(
                Replaced("construct_input_messages", {"c4a6ddb03860ab93": "0.21.0"}),
                Replaced(
                    "construct_chat_messages_with_tool_call",
                    {"02e446df97c96d13": "0.21.0"},
                ),
            ),
            relies_on=(
                ReliedOn(
                    "create_responses", ("msg_store",), {"a4c3d27dd2cce14f": "0.21.0"}
                ),
            ),
        ),
    ),
)
