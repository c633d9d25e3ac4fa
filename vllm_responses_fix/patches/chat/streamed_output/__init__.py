"""streamed-output: see `PATCH`."""

from vllm_responses_fix.patch import Patch, ReliedOn, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="streamed-output",
    what=(
        "The output of a streamed response is the items that its events have shown. "
        "What only the parse of the whole answer finds at its end is shown as well, "
        "and white space between reasoning and a call is no message."
    ),
    why=(
        "vLLM parses a stream as it comes, and the whole answer once more for the "
        "store. Where the two disagree, a client answers a call that the server does "
        "not have. Since 0.32 it stores what it has streamed, and what a tool parser "
        "has held back at the end is lost."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until=(
        "vLLM stores what it has streamed (0.32.0: streamed_output_items), has no "
        "message of white space before a call, and streams what a parser has held back."
    ),
    variants=(
        # Since 0.32 the context has what was shown.
        Variant(
            name="items_of_context",
            wraps=(
                Wrapped(
                    "process_simple_streaming_events",
                    "show_every_item",
                    (
                        "request",
                        "sampling_params",
                        "result_generator",
                        "context",
                        "model_name",
                        "tokenizer",
                        "request_metadata",
                        "created_time",
                        "_increment_sequence_number_and_return",
                    ),
                ),
            ),
            relies_on=(
                ReliedOn(
                    "process_simple_streaming_events",
                    names=("streamed_output_items",),
                    known={"58ba8ba478fb6fb5": "0.32.0"},
                ),
                ReliedOn(
                    "make_response_output_items",
                    parameters=("request", "final_output", "tokenizer", "parser"),
                ),
                ReliedOn(
                    "make_response_parser",
                    parameters=("request", "tokenizer", "chat_template_kwargs"),
                ),
                ReliedOn("effective_chat_template_kwargs", parameters=("request",)),
            ),
        ),
        Variant(
            name="shown_items",
            wraps=(
                Wrapped(
                    "process_simple_streaming_events",
                    "show_every_item",
                    (
                        "request",
                        "sampling_params",
                        "result_generator",
                        "context",
                        "model_name",
                        "tokenizer",
                        "request_metadata",
                        "created_time",
                        "_increment_sequence_number_and_return",
                    ),
                ),
                Wrapped(
                    "responses_full_generator",
                    "respond_with_shown_items",
                    ("request", "sampling_params", "result_generator", "context"),
                ),
                Wrapped(
                    "make_response_output_items",
                    "take_shown_items",
                    ("request", "final_output", "tokenizer"),
                ),
            ),
        ),
    ),
    for_upstream=False,
)
