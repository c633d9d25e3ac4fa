"""The patches: what each replaces in vLLM, why, and when it can go.

Each has a module of its own beside this file, which is imported only where vLLM is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

_VLLM = "https://github.com/vllm-project/vllm"


@dataclass(frozen=True)
class Patch:
    """One fix that can be applied, switched off and removed by itself.

    Attributes:
        name: as in `VLLM_RESPONSES_FIX_DISABLE` and in `status`.
        what: what is different with it.
        why: what is wrong without it.
        upstream: issues and pull requests of vLLM.
        until: when the patch can go.
        module: where its code is, below `vllm_responses_fix.patches`.
        replaces: seam (see `releases`) to the function that takes its place.
        wraps: seam to a function that is given the original and returns what takes
            its place.
        relies_on: seams that stay, but have to be as they were when it was written.
    """

    name: str
    what: str
    why: str
    upstream: tuple[str, ...]
    until: str
    module: str
    replaces: Mapping[str, str] = field(default_factory=dict)
    wraps: Mapping[str, str] = field(default_factory=dict)
    relies_on: tuple[str, ...] = ()

    @property
    def seams(self) -> tuple[str, ...]:
        return (*self.replaces, *self.wraps, *self.relies_on)


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
        module="reconstruction",
        replaces={
            "construct_input_messages": "construct_input_messages",
            "construct_chat_messages_with_tool_call": (
                "construct_chat_messages_with_tool_call"
            ),
        },
        relies_on=("make_request", "create_responses"),
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
        module="all_parts",
        replaces={
            "construct_single_message_from_response_item": (
                "construct_single_message_from_response_item"
            )
        },
    ),
    Patch(
        name="merge-items",
        what="Contiguous reasoning, text and call items of the assistant become one "
        "chat message, for replayed and chained requests alike.",
        why="Chat templates expect one assistant message a turn; 0.21.0 renders one "
        "for each item. Later releases merge.",
        upstream=(f"{_VLLM}/pull/42189",),
        until="vLLM 0.21.0 is no longer served: 0.22.0 has it.",
        module="merge_items",
        replaces={
            "maybe_combine_reasoning_and_tool_call": (
                "maybe_combine_reasoning_and_tool_call"
            )
        },
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
        module="snapshots",
        wraps={"responses_parser_init": "copy_response_messages"},
        replaces={"postprocess_messages": "postprocess_messages"},
        relies_on=("create_responses",),
    ),
    Patch(
        name="stream-ids",
        what="Output items are stored under the item and call ids that the stream's "
        "events carried.",
        why="The stored response is parsed anew after the stream, with new random "
        "ids: a client that answers the call it saw names a call nobody knows.",
        upstream=(f"{_VLLM}/issues/43244",),
        until="vLLM pairs them itself (0.33.0: reuse_streamed_item_ids).",
        module="stream_ids",
        wraps={
            "responses_stream_generator": "remember_streamed_items",
            "responses_full_generator": "store_streamed_ids",
        },
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
        module="chain_errors",
        wraps={"validate_create_responses_input": "validate_previous_response"},
        replaces={"make_not_found_error": "make_not_found_error"},
        relies_on=("create_responses",),
    ),
)
