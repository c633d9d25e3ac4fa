"""harmony-preambles: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Replaced, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="harmony-preambles",
    what='gpt-oss: the message item of a preamble has `phase="commentary"`.',
    why=(
        "Without it a replayed preamble can't be told from a final answer, and comes "
        "back on the final channel."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until="_parse_final_message sets the phase.",
    variants=(
        Variant(
            name="segments",
            replaces=(Replaced("parse_final_message", {"71ad327da62b50db": "0.25.1"}),),
            wraps=(
                Wrapped(
                    "emit_content_delta_events",
                    "label_opened_preamble",
                    ("segment", "state"),
                ),
                Wrapped(
                    "emit_previous_item_done_events",
                    "label_done_preamble",
                    ("previous_item", "state"),
                ),
            ),
        ),
        Variant(
            name="parser_state",
            replaces=(Replaced("parse_final_message", {"ba5c9df14c891099": "0.21.0"}),),
            wraps=(
                Wrapped(
                    "parser_state_to_response_output",
                    "label_unfinished_preamble",
                    ("parser",),
                ),
                Wrapped(
                    "emit_content_delta_events",
                    "label_opened_preamble",
                    ("ctx", "state"),
                ),
                Wrapped(
                    "emit_previous_item_done_events",
                    "label_done_preamble",
                    ("previous_item", "state"),
                ),
            ),
        ),
    ),
)
