"""What is said of each patch upstream, beyond what the catalogue says of it."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

from vllm_responses_fix.patch import Patch


@dataclass(frozen=True)
class Fix:
    """A patch as a pull request.

    Attributes:
        subject: in the style of vLLM's commits.
        test: the file below `vllm_tests` that goes with it.
        closes: issues that it resolves; else it is part of #43244.
        contradicts: tests of vLLM that ask for what the patch changes on purpose.
        contradicts_later: those that later releases have, by the first of these.
    """

    subject: str
    test: str
    closes: tuple[int, ...] = ()
    contradicts: tuple[str, ...] = ()
    contradicts_later: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def issues(self) -> str:
        if not self.closes:
            return "Part of #43244"
        return "\n".join(f"FIX #{number}" for number in self.closes)

    def message(self, patch: Patch) -> str:
        """The commit message, without the sign-off."""
        paragraphs = [textwrap.fill(text, 72) for text in (patch.why, patch.what)]
        return "\n\n".join([self.subject, *paragraphs, self.issues]) + "\n"


def _fix(
    tags: str,
    subject: str,
    test: str,
    *closes: int,
    contradicts: tuple[str, ...] = (),
    contradicts_later: Mapping[str, tuple[str, ...]] | None = None,
) -> Fix:
    title = f"[Bugfix][Frontend]{tags} {subject}"
    later = contradicts_later or {}
    return Fix(title, f"test_{test}.py", closes, contradicts, later)


_UTILS_TESTS = "responses/test_responses_utils.py"
_HARMONY_TESTS = "parser/test_harmony_utils.py"
_HARMONY_INPUT_TESTS = "responses/test_response_input_to_harmony.py"
_SERVING_TESTS = "responses/test_serving_responses.py"


FIXES: Mapping[str, Fix] = {
    "reconstruction": _fix(
        "",
        "Keep tool calls and reasoning of previous_response_id",
        "chained_reconstruction",
        43244,
    ),
    "all-parts": _fix(
        "",
        "Read all parts of Responses API items",
        "item_content_parts",
        contradicts=(
            f"{_UTILS_TESTS}::TestReasoningItemContentPriority"
            "::test_summary_with_multiple_entries_uses_first",
        ),
    ),
    "merge-items": _fix(
        "",
        "Merge contiguous assistant items into one chat message",
        "assistant_item_merging",
        contradicts=tuple(
            f"{_UTILS_TESTS}::TestMaybeCombineReasoningAndToolCall"
            f"::test_returns_none_when_{case}"
            for case in (
                "id_does_not_start_with_mcp_prefix",
                "last_message_has_no_reasoning",
                "id_is_empty_string",
            )
        ),
    ),
    "snapshots": _fix(
        "", "Don't change stored Responses API conversations", "stored_conversations"
    ),
    "stream-ids": _fix(
        "", "Store Responses API items under their streamed ids", "streamed_item_ids"
    ),
    "chain-errors": _fix(
        "",
        "Refuse previous_response_id of unfinished responses",
        "previous_response_errors",
    ),
    "harmony-reconstruction": _fix(
        "[gpt-oss]",
        "Use a chained request's own instructions and tools",
        "harmony_chained_requests",
        contradicts_later={
            "0.33.0": (
                f"{_SERVING_TESTS}"
                "::test_online_renderer_renders_harmony_continuation_with_call_linkage",
            )
        },
    ),
    "harmony-items": _fix(
        "[gpt-oss]",
        "Convert Responses API items with all their parts",
        "harmony_input_items",
        contradicts=tuple(
            f"{_HARMONY_TESTS}::TestResponseInputToHarmonyReasoningItem"
            f"::test_reasoning_{case}_returns_none"
            for case in ("without_content", "with_none_content")
        ),
        contradicts_later={
            "0.33.0": tuple(
                f"{_HARMONY_INPUT_TESTS}::TestResponseInputToHarmonyMessage::test_{case}"
                for case in (
                    "function_call_channel_recipient_and_content_type",
                    "unknown_type_raises_validation_error",
                )
            )
        },
    ),
    "harmony-truncated": _fix(
        "[gpt-oss]",
        "Keep truncated output in the conversation",
        "harmony_truncated_output",
    ),
    "harmony-stream-items": _fix(
        "[gpt-oss]",
        "Open every streamed item that is closed",
        "harmony_streamed_items",
        contradicts_later={
            "0.33.0": (
                f"{_SERVING_TESTS}::test_harmony_stream_unstreamed_item_keeps_own_id",
            )
        },
    ),
    "harmony-preambles": _fix(
        "[gpt-oss]", "Set phase on preamble message items", "harmony_preambles"
    ),
    "harmony-call-items": _fix(
        "[gpt-oss]",
        "Parse function calls on any channel, with whole names",
        "harmony_function_calls",
    ),
    "harmony-streamed-tools": _fix(
        "[gpt-oss]",
        "Keep built-in tool output in streamed conversations",
        "harmony_streamed_tool_output",
        25697,
    ),
    "harmony-tool-runs": _fix(
        "[gpt-oss]",
        "Keep built-in tool runs in prompts of later turns",
        "harmony_tool_runs",
        contradicts_later={
            "0.33.0": (
                f"{_HARMONY_TESTS}::TestAutoDropAnalysisMessages"
                "::test_drops_non_assistant_analysis_messages",
            )
        },
    ),
}
