"""harmony-tool-runs: see `PATCH`."""

from vllm_responses_fix.patch import Patch, ReliedOn, Replaced, Variant

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="harmony-tool-runs",
    what=(
        "gpt-oss: calls of built-in tools and their results stay in the prompt of "
        "later turns."
    ),
    why=(
        "They stand on the analysis channel, which is left out of a prompt once the "
        "model has given a final answer."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until=(
        "auto_drop_analysis_messages spares them, and openai_harmony where vLLM "
        "leaves it to that."
    ),
    variants=(
        Variant(
            name="dropped_reasoning",
            replaces=(
                Replaced("auto_drop_analysis_messages", {"c5de202fcee78f9d": "0.25.1"}),
            ),
            relies_on=(
                ReliedOn(
                    "render_for_completion",
                    ("auto_drop_analysis_messages",),
                    {"885c3a6b2383410b": "0.25.1"},
                ),
            ),
        ),
        Variant(
            name="whole_rendering",
            replaces=(
                Replaced("render_for_completion", {"e87079fc643bca23": "0.21.0"}),
            ),
        ),
    ),
)
