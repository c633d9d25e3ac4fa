"""The patches: what each replaces in vLLM, why, and when it can go.

Each has a module of its own beside this file, which is imported only where vLLM is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_VLLM = "https://github.com/vllm-project/vllm"


@dataclass(frozen=True)
class Variant:
    """The code of a patch, for vLLM as it is in some releases.

    Attributes:
        name: what `releases` calls it.
        replaces: seams (see `releases`) whose place a function of the same name takes.
        wraps: seam to a function that is given the original and returns what takes
            its place.
        relies_on: seams that stay, but have to be as they were when it was written.
        code: the module with those functions, below `vllm_responses_fix.patches`, where
            it is not of the variant's name.
    """

    name: str
    replaces: tuple[str, ...] = ()
    wraps: Mapping[str, str] = field(default_factory=dict)
    relies_on: tuple[str, ...] = ()
    code: str = ""

    @property
    def module(self) -> str:
        """Where its functions are, for import."""
        return f"{__name__}.{self.code or self.name}"

    @property
    def seams(self) -> tuple[str, ...]:
        return (*self.replaces, *self.wraps, *self.relies_on)


@dataclass(frozen=True)
class Patch:
    """One fix that can be applied, switched off and removed by itself.

    Attributes:
        name: as in `VLLM_RESPONSES_FIX_DISABLE` and in `status`.
        what: what is different with it.
        why: what is wrong without it.
        upstream: issues and pull requests of vLLM.
        until: when the patch can go.
        variants: its code, oldest releases first.
    """

    name: str
    what: str
    why: str
    upstream: tuple[str, ...]
    until: str
    variants: tuple[Variant, ...]

    def variant(self, name: str) -> Variant:
        """The variant of that name."""
        return next(v for v in self.variants if v.name == name)


_AROUND_RENDER_RESPONSES_WITH_HARMONY = (
    "create_responses",
    "render_resolved_response_inputs",
    "render_responses",
    "render_responses_harmony_messages",
    "get_harmony_builtin_tool_descriptions",
    "build_harmony_preamble",
    "extract_instructions_from_messages",
    "construct_harmony_previous_input_messages",
    "harmony_context_init",
    "harmony_context_append_output",
    "harmony_context_append_tool_output",
)

PATCHES = (
    Patch(
        name="reconstruction",
        what="A chained turn is rebuilt from every item of the conversation: the same "
        "fold over its items that a replayed request goes through.",
        why="construct_input_messages keeps only the text of earlier output: tool "
        "calls and reasoning are dropped, and so are the system items of earlier "
        "inputs, which it can't tell from earlier instructions.",
        upstream=(
            f"{_VLLM}/issues/43244",
            f"{_VLLM}/pull/43247",
            f"{_VLLM}/issues/37697",
        ),
        until="construct_input_messages converts prev_response_output with the same "
        "converter as request_input.",
        variants=(
            Variant(
                name="reconstruction",
                replaces=(
                    "construct_input_messages",
                    "construct_chat_messages_with_tool_call",
                ),
                relies_on=("make_request", "create_responses"),
            ),
            Variant(
                name="reconstruction_0_22",
                replaces=(
                    "construct_input_messages",
                    "construct_chat_messages_with_tool_call",
                ),
                relies_on=("make_request", "create_responses"),
            ),
            Variant(
                name="reconstruction_0_30",
                code="reconstruction_0_22",
                replaces=(
                    "construct_input_messages",
                    "construct_chat_messages_with_tool_call",
                ),
                relies_on=(
                    "render_resolved_response_inputs",
                    "render_responses",
                    "create_responses",
                ),
            ),
        ),
    ),
    Patch(
        name="all-parts",
        what="An item is converted with all its parts: every text part and refusal of "
        "a message, every part of reasoning, arguments that are not JSON.",
        why="The converter takes the first part and drops the others; a refusal, an "
        "empty message, or a call that was cut short is an error, which then meets "
        "every later turn of the conversation.",
        upstream=(f"{_VLLM}/issues/43244",),
        until="_construct_message_from_response_item reads all parts.",
        variants=(
            Variant(
                name="all_parts",
                replaces=("construct_single_message_from_response_item",),
            ),
            Variant(
                name="all_parts_0_22",
                replaces=("construct_message_from_response_item",),
            ),
            Variant(
                name="all_parts_0_25",
                replaces=("construct_message_from_response_item",),
            ),
            Variant(
                name="all_parts_0_32",
                replaces=("construct_message_from_response_item",),
            ),
        ),
    ),
    Patch(
        name="merge-items",
        what="Contiguous reasoning, text and call items of the assistant become one "
        "chat message, for replayed and chained requests alike.",
        why="Chat templates expect one assistant message a turn; 0.21.0 renders one "
        "for each item. Later releases merge.",
        upstream=(f"{_VLLM}/pull/42189",),
        until="vLLM 0.21.0 is no longer served: 0.22.0 has it.",
        variants=(
            Variant(
                name="merge_items",
                replaces=("maybe_combine_reasoning_and_tool_call",),
            ),
        ),
    ),
    Patch(
        name="snapshots",
        what="What is stored of a conversation stays as it was: parser and renderer "
        "work on their own lists.",
        why="ResponsesParser appends to the list that msg_store holds (every chained "
        "turn is a 500 with VLLM_USE_EXPERIMENTAL_PARSER_CONTEXT=1), and rendering "
        "rewrites the arguments of stored calls.",
        upstream=(f"{_VLLM}/issues/43244",),
        until="ResponsesParser copies response_messages and _postprocess_messages "
        "leaves the caller's messages alone.",
        variants=(
            Variant(
                name="snapshots",
                wraps={"responses_parser_init": "copy_response_messages"},
                replaces=("postprocess_messages",),
                relies_on=("create_responses",),
            ),
            Variant(
                name="snapshots_0_22",
                wraps={
                    "parsable_context_init": "copy_response_messages",
                    "postprocess_messages": "copy_tool_calls",
                },
                relies_on=("create_responses",),
            ),
            # From 0.29 on, arguments that were decoded before stay as they are.
            Variant(
                name="snapshots_0_29",
                code="snapshots",
                wraps={"parsable_context_init": "copy_response_messages"},
                relies_on=("create_responses",),
            ),
        ),
    ),
    Patch(
        name="stream-ids",
        what="Output items are stored under the item and call ids that the stream's "
        "events carried.",
        why="The stored response is parsed anew after the stream, with new random "
        "ids: a client that answers the call it saw names a call nobody knows.",
        upstream=(f"{_VLLM}/issues/43244",),
        until="vLLM pairs them itself (0.32.0: reuse_streamed_item_ids).",
        variants=(
            Variant(
                name="stream_ids",
                wraps={
                    "responses_stream_generator": "remember_streamed_items",
                    "responses_full_generator": "store_streamed_ids",
                },
            ),
        ),
    ),
    Patch(
        name="chain-errors",
        what="Chaining on a response that is not finished, or reusing the id of a "
        "stored one, is a 400 that names the field; where the store is off, the "
        "error says so.",
        why="A queued response is chained as if it had said nothing, a request_id "
        "used twice overwrites a stored conversation, and without the store a client "
        "only reads 'not found'.",
        upstream=(f"{_VLLM}/issues/43244",),
        until="_create_responses checks the status of the previous response.",
        variants=(
            Variant(
                name="chain_errors",
                wraps={"validate_create_responses_input": "validate_previous_response"},
                replaces=("make_not_found_error",),
                relies_on=("create_responses",),
            ),
        ),
    ),
    Patch(
        name="harmony-reconstruction",
        what="gpt-oss: a chained turn has the system and developer messages of its own "
        "request, then the conversation without those of earlier ones, and knows every "
        "call of the conversation. Instructions are also kept where a request has no "
        "function tools, and every system item of an input.",
        why="Instructions, tools and reasoning effort of a chained request are "
        "ignored; a call made two or more responses back is unknown, so its result is "
        "a 400; the stored messages are rewritten in place.",
        upstream=(f"{_VLLM}/issues/43244",),
        until="_render_responses_with_harmony (up to 0.29: "
        "_construct_input_messages_with_harmony) builds the system and developer "
        "messages of every request.",
        variants=(
            Variant(
                name="harmony_conversation",
                replaces=(
                    "construct_input_messages_with_harmony",
                    "extract_system_message_from_request",
                ),
                relies_on=(
                    "create_responses",
                    "make_request_with_harmony",
                    "construct_harmony_system_input_message",
                    "construct_harmony_previous_input_messages",
                    "harmony_context_init",
                    "harmony_context_append_output",
                    "harmony_context_append_tool_output",
                    "streaming_harmony_context_append_output",
                ),
            ),
            Variant(
                name="harmony_conversation_0_23",
                replaces=("construct_input_messages_with_harmony",),
                relies_on=(
                    "create_responses",
                    "make_request_with_harmony",
                    "get_harmony_builtin_tool_descriptions",
                    "build_harmony_preamble",
                    "extract_instructions_from_messages",
                    "construct_harmony_previous_input_messages",
                    "harmony_context_init",
                    "harmony_context_append_output",
                    "harmony_context_append_tool_output",
                ),
            ),
            Variant(
                name="harmony_conversation_0_30",
                replaces=("render_responses_with_harmony",),
                relies_on=_AROUND_RENDER_RESPONSES_WITH_HARMONY,
            ),
            Variant(
                name="harmony_conversation_0_33",
                replaces=("render_responses_with_harmony",),
                relies_on=_AROUND_RENDER_RESPONSES_WITH_HARMONY,
            ),
        ),
    ),
    Patch(
        name="harmony-items",
        what="gpt-oss: an item is converted with all its parts, as the model would "
        "have written it: calls constrained to JSON, results addressed to the "
        "assistant, preambles on the commentary channel, MCP calls.",
        why="A refusal, an image or a result in parts is a 500, a summary is dropped, "
        "and replayed calls, results and preambles look otherwise than those the "
        "model has seen.",
        upstream=(f"{_VLLM}/issues/43244",),
        until="response_input_to_harmony reads all parts and item types.",
        variants=(
            Variant(
                name="harmony_items",
                replaces=("response_input_to_harmony",),
            ),
            Variant(
                name="harmony_items_0_23",
                replaces=("response_input_to_harmony",),
                relies_on=("get_system_or_developer_message",),
            ),
        ),
    ),
    Patch(
        name="harmony-truncated",
        what="gpt-oss: text, reasoning or a call that was cut short stays in the "
        "conversation.",
        why="The response shows it, but the stored messages end with the last one "
        "that the model completed.",
        upstream=(f"{_VLLM}/issues/43244",),
        until="vLLM 0.24.0 is no longer served: 0.25.0 appends what its parser holds.",
        variants=(
            Variant(
                name="harmony_truncated",
                replaces=("make_response_output_items_with_harmony",),
            ),
            Variant(
                name="harmony_truncated_0_22",
                replaces=("make_response_output_items_with_harmony",),
                relies_on=("harmony_to_response_output",),
            ),
        ),
    ),
    Patch(
        name="harmony-stream-items",
        what="gpt-oss: every item that a stream closes was opened, and a closed call "
        "has its item id.",
        why="An item without a delta is closed under the id of the item before it, a "
        'call without one under the call id "" (from 0.25 on, neither is in the stream '
        "at all); up to 0.23 the item id of a closed call is null.",
        upstream=(f"{_VLLM}/issues/43244",),
        until="emit_previous_item_done_events opens such items.",
        variants=(
            Variant(
                name="harmony_stream_items",
                wraps={"emit_previous_item_done_events": "open_item_before_done"},
            ),
            Variant(
                name="harmony_stream_items_0_22",
                wraps={"emit_previous_item_done_events": "open_item_before_done"},
            ),
            Variant(
                name="harmony_stream_items_0_24",
                wraps={"emit_previous_item_done_events": "open_item_before_done"},
            ),
        ),
    ),
    Patch(
        name="harmony-preambles",
        what='gpt-oss: the message item of a preamble has `phase="commentary"`.',
        why="Without it a replayed preamble can't be told from a final answer, and "
        "comes back on the final channel.",
        upstream=(f"{_VLLM}/issues/43244",),
        until="_parse_final_message sets the phase.",
        variants=(
            Variant(
                name="harmony_preambles",
                replaces=("parse_final_message",),
                wraps={
                    "parser_state_to_response_output": "label_unfinished_preamble",
                    "emit_content_delta_events": "label_opened_preamble",
                    "emit_previous_item_done_events": "label_done_preamble",
                },
            ),
            Variant(
                name="harmony_preambles_0_25",
                replaces=("parse_final_message",),
                wraps={
                    "emit_content_delta_events": "label_opened_preamble",
                    "emit_previous_item_done_events": "label_done_preamble",
                },
            ),
        ),
    ),
    Patch(
        name="harmony-call-items",
        what="gpt-oss: a call to a function is a function_call item on whichever "
        "channel it was written, and has its whole name.",
        why="A call on the analysis channel is streamed as function_call and stored "
        "as mcp_call, so its result is a 400; of a name with dots only the last part "
        "is left.",
        upstream=(f"{_VLLM}/issues/43244",),
        until="vLLM 0.21.0 is no longer served: 0.22.0 does (is_function_recipient).",
        variants=(
            Variant(
                name="harmony_call_items",
                replaces=(
                    "harmony_to_response_output",
                    "parse_function_call",
                ),
                wraps={"parser_state_to_response_output": "name_unfinished_call"},
            ),
        ),
    ),
    Patch(
        name="harmony-streamed-tools",
        what="gpt-oss: in a stream, too, what a built-in tool returned is in the "
        "conversation.",
        why="StreamingHarmonyContext leaves it out of the next prompt, so the model "
        "goes on without the result, and takes the call for a second one.",
        upstream=(f"{_VLLM}/issues/25697",),
        until="vLLM 0.24.0 is no longer served: 0.25.0 has one context for both.",
        variants=(
            Variant(
                name="harmony_streamed_tools",
                replaces=("streaming_harmony_context_append_tool_output",),
                relies_on=("streaming_harmony_context_append_output",),
            ),
        ),
    ),
    Patch(
        name="harmony-tool-runs",
        what="gpt-oss: calls of built-in tools and their results stay in the prompt of "
        "later turns.",
        why="They stand on the analysis channel, which is left out of a prompt once "
        "the model has given a final answer.",
        upstream=(f"{_VLLM}/issues/43244",),
        until="auto_drop_analysis_messages spares them, and openai_harmony where vLLM "
        "leaves it to that.",
        variants=(
            Variant(
                name="harmony_tool_runs",
                replaces=("render_for_completion",),
            ),
            Variant(
                name="harmony_tool_runs_0_25",
                replaces=("auto_drop_analysis_messages",),
                relies_on=("render_for_completion",),
            ),
        ),
    ),
)


def needed(chosen: Mapping[str, object]) -> Iterator[tuple[Patch, Variant]]:
    """The patches that a release needs, in their order, each with the code that fits.

    Args:
        chosen: the release's `patches`.
    """
    for patch in PATCHES:
        name = chosen[patch.name]
        if isinstance(name, str):
            yield patch, patch.variant(name)
