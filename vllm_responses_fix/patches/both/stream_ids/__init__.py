"""stream-ids: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="stream-ids",
    what=(
        "Output items are stored under the item and call ids that the stream's events "
        "carried."
    ),
    why=(
        "The stored response is parsed anew after the stream, with new random ids: a "
        "client that answers the call it saw names a call nobody knows."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="vLLM pairs them itself (0.32.0: reuse_streamed_item_ids).",
    variants=(
        Variant(
            name="final_response",
            wraps=(
                Wrapped(
                    "responses_stream_generator",
                    "remember_streamed_items",
                    ("request", "sampling_params", "result_generator", "context"),
                ),
                Wrapped(
                    "responses_full_generator",
                    "store_streamed_ids",
                    ("request", "sampling_params", "result_generator", "context"),
                ),
            ),
        ),
    ),
)
