"""usage: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="usage",
    what=(
        "The details of `usage` are numbers. vLLM's four lists of tokens per turn are "
        "beside its totals, and only where there were several turns: where the server "
        "ran tools of its own."
    ),
    why=(
        "The schemas of OpenAI's JavaScript SDKs take every detail of `usage` for a "
        "number: `@openai/agents` refuses each stream for such a list, "
        "empty or not."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="The details of ResponseUsage have no lists.",
    variants=(
        Variant(
            name="beside_totals",
            wraps=(
                Wrapped(
                    "responses_full_generator",
                    "move_lists",
                    ("request", "context"),
                ),
                Wrapped("retrieve_responses", "move_lists", ("response_id",)),
                Wrapped("cancel_responses", "move_lists", ("response_id",)),
            ),
        ),
    ),
    for_upstream=False,
)
