"""harmony-web-search: see `PATCH`."""

from vllm_responses_fix.patch import Patch, Variant, Wrapped

_VLLM = "https://github.com/vllm-project/vllm"

PATCH = Patch(
    package=__name__,
    name="harmony-web-search",
    what=(
        "gpt-oss: a stream shows what the browser tool is asked for once, as the "
        "`web_search_call` that the response has, in a place of its own."
    ),
    why=(
        "It is streamed as an `mcp_call` first, which no response has, and then as a "
        "`web_search_call` at an `output_index` that another item has as well, for "
        "which openai-node's `.stream()` throws."
    ),
    upstream=(f"{_VLLM}/issues/43244",),
    until=(
        "emit_content_delta_events leaves the browser's calls to "
        "emit_browser_tool_events."
    ),
    variants=(
        Variant(
            name="segments",
            wraps=(
                Wrapped(
                    "emit_content_delta_events",
                    "hold_back_search",
                    ("segment", "state"),
                ),
                Wrapped(
                    "emit_previous_item_done_events",
                    "show_search",
                    ("previous_item", "state"),
                ),
                Wrapped(
                    "emit_tool_action_events",
                    "not_again",
                    ("previous_item", "state", "tool_server"),
                ),
            ),
        ),
        Variant(
            name="parser_state",
            wraps=(
                Wrapped(
                    "emit_content_delta_events", "hold_back_search", ("ctx", "state")
                ),
                Wrapped(
                    "emit_previous_item_done_events",
                    "show_search",
                    ("previous_item", "state"),
                ),
                Wrapped(
                    "emit_tool_action_events",
                    "not_again",
                    ("ctx", "state", "tool_server"),
                ),
            ),
        ),
    ),
    for_upstream=False,
)
