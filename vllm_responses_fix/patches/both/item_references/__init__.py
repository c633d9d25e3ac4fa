"""item-references: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="item-references",
    what=(
        "An `item_reference` stands for the stored output item with its id. Ids of "
        "stored items end in that of their response, by which they are found."
    ),
    why=(
        "Vercel's AI SDK replays a conversation as references, unless it is told not "
        "to: each later turn is a 400, or without `type` a 500 on gpt-oss."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="vLLM resolves references to items that it has stored.",
    variants=(
        Variant(
            name="stored_items",
            wraps=(
                Wrapped(
                    "create_responses_entry",
                    "resolve_references",
                    ("request", "raw_request"),
                ),
                Wrapped("responses_stream_generator", "name_in_events", ("request",)),
                Wrapped("responses_full_generator", "name_in_response", ("request",)),
            ),
        ),
    ),
    for_upstream=False,
)
