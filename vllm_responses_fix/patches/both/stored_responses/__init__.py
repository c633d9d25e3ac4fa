"""stored-responses: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="stored-responses",
    what=(
        "Responses are kept in a store: bounded, and where it is asked for, durable "
        "and shared by the processes and replicas of a server."
    ),
    why=(
        "vLLM keeps them in two dicts of one process, for ever: a chained request that "
        "reaches another process is a 404, a restart loses all, and nothing is ever "
        "removed. A background response whose generation fails stays queued."
    ),
    upstream=(
        f"{_VLLM}/issues/26934",
        f"{_VLLM}/pull/37938",
        f"{_VLLM}/pull/48275",
        f"{_VLLM}/pull/48454",
    ),
    until="vLLM has a store behind its Responses API that is bounded and durable.",
    variants=(
        Variant(
            name="serving",
            wraps=(
                Wrapped("responses_server_init", "serve_from_store", ("self",)),
                Wrapped(
                    "create_responses_entry",
                    "create_with_store",
                    ("request", "raw_request"),
                ),
                Wrapped("responses_full_generator", "save_before_told", ("request",)),
                Wrapped(
                    "retrieve_responses",
                    "retrieve_from_store",
                    ("response_id", "starting_after", "stream"),
                ),
                Wrapped("cancel_responses", "cancel_in_store", ("response_id",)),
                Wrapped(
                    "responses_background_stream_generator",
                    "end_with_response",
                    ("response_id", "starting_after"),
                ),
            ),
        ),
    ),
    for_upstream=False,
)
