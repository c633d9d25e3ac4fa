"""usage: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="usage",
    what=(
        "`usage` has vLLM's four lists of tokens per turn only where there were "
        "several turns: where the server ran tools of its own."
    ),
    why=(
        "The schemas of OpenAI's JavaScript SDKs take every detail of `usage` for a "
        "number: `@openai/agents` refuses each stream for a list that is empty or, on "
        "gpt-oss, has one entry."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="ResponseUsage leaves out lists that only repeat the totals.",
    variants=(
        Variant(
            name="several_turns",
            wraps=(
                Wrapped(
                    "responses_full_generator",
                    "leave_out_single_turns",
                    ("request", "context"),
                ),
                Wrapped(
                    "retrieve_responses", "leave_out_single_turns", ("response_id",)
                ),
                Wrapped("cancel_responses", "leave_out_single_turns", ("response_id",)),
            ),
        ),
    ),
    for_upstream=False,
)
