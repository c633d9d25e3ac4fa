"""harmony-items: see `PATCH`."""

from vllm_responses_fix.patch import Patch, ReliedOn, Replaced, Variant

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="harmony-items",
    what=(
        "gpt-oss: an item is converted with all its parts, as the model would have "
        "written it: calls constrained to JSON, results addressed to the assistant, "
        "preambles on the commentary channel, MCP calls."
    ),
    why=(
        "A refusal, an image or a result in parts is a 500, a summary is dropped, and "
        "replayed calls, results and preambles look otherwise than those the model "
        "has seen."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="response_input_to_harmony reads all parts and item types.",
    variants=(
        Variant(
            name="instructions_apart",
            replaces=(
                Replaced(
                    "response_input_to_harmony",
                    {"1c835c79ef8e9d4c": "0.23.0", "71f4b283962e2733": "0.30.0"},
                ),
            ),
            relies_on=(
                ReliedOn(
                    "get_system_or_developer_message",
                    parameters=("role", "instructions"),
                ),
            ),
        ),
        Variant(
            name="any_role",
            replaces=(
                Replaced(
                    "response_input_to_harmony",
                    {"392bb8a4ce7bede1": "0.21.0", "26f83fc2fe526a02": "0.22.1"},
                ),
            ),
        ),
    ),
)
