"""chain-errors: see `PATCH`."""

from vllm_responses_fix.patch import Patch, ReliedOn, Replaced, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="chain-errors",
    what=(
        "Chaining on a response that is not finished, or reusing the id of a stored "
        "one, is a 400 that names the field; where the store is off, the error says "
        "so."
    ),
    why=(
        "A queued response is chained as if it had said nothing, a request_id used "
        "twice overwrites a stored conversation, and without the store a client only "
        "reads 'not found'."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="_create_responses checks the status of the previous response.",
    variants=(
        Variant(
            name="errors",
            replaces=(
                Replaced("make_not_found_error", {"69bab082915c6ea9": "0.21.0"}),
            ),
            wraps=(
                Wrapped(
                    "validate_create_responses_input",
                    "validate_previous_response",
                    ("request",),
                ),
            ),
            relies_on=(
                ReliedOn(
                    "create_responses",
                    ("response_store",),
                    {"c4d0a39e4609fef2": "0.21.0"},
                ),
            ),
        ),
    ),
)
