"""harmony-streamed-tools: see `PATCH`."""

from vllm_responses_fix.patch import Patch, ReliedOn, Replaced, Variant

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="harmony-streamed-tools",
    what=(
        "gpt-oss: in a stream, too, what a built-in tool returned is in the "
        "conversation."
    ),
    why=(
        "StreamingHarmonyContext leaves it out of the next prompt, so the model goes "
        "on without the result, and takes the call for a second one."
    ),
    upstream=(f"{_VLLM}/issues/25697",),
    until="vLLM 0.24.0 is no longer served: 0.25.0 has one context for both.",
    variants=(
        Variant(
            name="streaming_context",
            replaces=(
                Replaced(
                    "streaming_harmony_context_append_tool_output",
                    {"e29dc1f0d6c63cfa": "0.21.0"},
                ),
            ),
            relies_on=(
                ReliedOn(
                    "streaming_harmony_context_append_output",
                    ("_messages", "num_init_messages"),
                    {"1700fe9539beda4c": "0.21.0"},
                ),
            ),
        ),
    ),
)
