"""The one place that knows which release of vLLM has what where.

A *seam* is a function of vLLM that the kit replaces, wraps or counts on. Releases
name their seams, and for each the fingerprint of the source that was read when the
patches were written; `scripts/fingerprints.py` prints them. A patch is only applied
where all its seams are as they were then.

A release is written down as what changed since the one before it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_OPENAI = "vllm.entrypoints.openai"
_UTILS = f"{_OPENAI}.responses.utils"
_SERVING = f"{_OPENAI}.responses.serving"
_SERVING_CLASS = "OpenAIServingResponses"
_HARMONY = f"{_OPENAI}.responses.harmony"
_HARMONY_UTILS = f"{_OPENAI}.parser.harmony_utils"
_CONTEXT = f"{_OPENAI}.responses.context"
_STREAMING = f"{_OPENAI}.responses.streaming_events"
_CHAT_UTILS = "vllm.entrypoints.chat_utils"
_RENDERER = "vllm.renderers.online_renderer"

TRIGGER = _SERVING
"""Once this module is imported, all that has seams is too."""


@dataclass(frozen=True)
class Seam:
    """A function or method of vLLM.

    Attributes:
        module: the module that defines it.
        qualname: its name there, `Class.method` for a method.
        fingerprint: see `vllm_responses_fix.fingerprints`.
        imported_into: modules that hold it by name (`from module import name`).
    """

    module: str
    qualname: str
    fingerprint: str
    imported_into: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.module}.{self.qualname}"


@dataclass(frozen=True)
class FixedUpstream:
    """A patch that a release does not need.

    Attributes:
        since: the first release of vLLM that behaves as the patch makes others behave.
        how: what vLLM does there, or the pull request that did it.
    """

    since: str
    how: str

    def __str__(self) -> str:
        return f"fixed upstream in {self.since}: {self.how}"


@dataclass(frozen=True)
class Release:
    """What one release of vLLM looks like to the kit.

    Attributes:
        seams: by the name that patches use for them.
        patches: for each patch, the name of the variant that fits, or why there is
            none.
    """

    seams: Mapping[str, Seam]
    patches: Mapping[str, str | FixedUpstream]

    def followed_by(
        self,
        *,
        seams: Mapping[str, Seam | None] | None = None,
        patches: Mapping[str, str | FixedUpstream] | None = None,
    ) -> "Release":
        """The next release, given what changed; a seam that is gone is None."""
        merged = {**self.seams, **(seams or {})}
        return Release(
            seams={name: seam for name, seam in merged.items() if seam is not None},
            patches={**self.patches, **(patches or {})},
        )


def _serving(method: str, fingerprint: str) -> Seam:
    return Seam(_SERVING, f"{_SERVING_CLASS}.{method}", fingerprint)


def _parsable_context_init(fingerprint: str) -> Seam:
    return Seam(_CONTEXT, "ParsableContext.__init__", fingerprint)


def _postprocess_messages(fingerprint: str) -> Seam:
    return Seam(_CHAT_UTILS, "_postprocess_messages", fingerprint)


def _construct_message(fingerprint: str) -> Seam:
    return Seam(_UTILS, "_construct_message_from_response_item", fingerprint)


def _harmony(name: str, fingerprint: str) -> Seam:
    return Seam(_HARMONY, name, fingerprint, imported_into=(_SERVING,))


def _streaming(name: str, fingerprint: str) -> Seam:
    return Seam(_STREAMING, name, fingerprint, imported_into=(_SERVING,))


def _harmony_context(method: str, fingerprint: str) -> Seam:
    return Seam(_CONTEXT, f"HarmonyContext.{method}", fingerprint)


def _renderer(method: str, fingerprint: str) -> Seam:
    return Seam(_RENDERER, f"OnlineRenderer.{method}", fingerprint)


def _render_for_completion(fingerprint: str, *imported_into: str) -> Seam:
    return Seam(
        _HARMONY_UTILS,
        "render_for_completion",
        fingerprint,
        imported_into=(*imported_into, _CONTEXT),
    )


_V0_21_0 = Release(
    seams={
        "construct_input_messages": Seam(
            _UTILS,
            "construct_input_messages",
            "c4a6ddb03860ab93",
            imported_into=(_SERVING,),
        ),
        "construct_chat_messages_with_tool_call": Seam(
            _UTILS, "construct_chat_messages_with_tool_call", "02e446df97c96d13"
        ),
        "maybe_combine_reasoning_and_tool_call": Seam(
            _UTILS, "_maybe_combine_reasoning_and_tool_call", "89dde3bf7585a6cb"
        ),
        "construct_single_message_from_response_item": Seam(
            _UTILS, "_construct_single_message_from_response_item", "e102dd6fd500aebb"
        ),
        "make_request": _serving("_make_request", "22ffdf07e9378b49"),
        "create_responses": _serving("_create_responses", "e6cff216698ebde2"),
        "responses_parser_init": Seam(
            f"{_OPENAI}.parser.responses_parser",
            "ResponsesParser.__init__",
            "792b859188ecd651",
        ),
        "postprocess_messages": _postprocess_messages("74829d03aa762af4"),
        "responses_stream_generator": _serving(
            "responses_stream_generator", "6dcfa708ed0d062e"
        ),
        "responses_full_generator": _serving(
            "responses_full_generator", "fb90f600c9c58f4c"
        ),
        "validate_create_responses_input": _serving(
            "_validate_create_responses_input", "572fc684371cb602"
        ),
        "make_not_found_error": _serving("_make_not_found_error", "69bab082915c6ea9"),
        "construct_input_messages_with_harmony": _serving(
            "_construct_input_messages_with_harmony", "31d24617c285ead4"
        ),
        "extract_system_message_from_request": _serving(
            "_extract_system_message_from_request", "1e6766f191bf6eab"
        ),
        "make_request_with_harmony": _serving(
            "_make_request_with_harmony", "97919e0e468678db"
        ),
        "construct_harmony_system_input_message": _serving(
            "_construct_harmony_system_input_message", "26dceb1e02586e75"
        ),
        "make_response_output_items_with_harmony": _serving(
            "_make_response_output_items_with_harmony", "896143f1dfeec751"
        ),
        "construct_harmony_previous_input_messages": _harmony(
            "construct_harmony_previous_input_messages", "3a990388001c6462"
        ),
        "response_input_to_harmony": _harmony(
            "response_input_to_harmony", "392bb8a4ce7bede1"
        ),
        "harmony_to_response_output": _harmony(
            "harmony_to_response_output", "2974d77433d29218"
        ),
        "parser_state_to_response_output": _harmony(
            "parser_state_to_response_output", "aed00753bb77c52d"
        ),
        "parse_function_call": Seam(
            _HARMONY,
            "_parse_function_call",
            "b88063207c266dad",
        ),
        "parse_final_message": Seam(
            _HARMONY,
            "_parse_final_message",
            "ba5c9df14c891099",
        ),
        "emit_content_delta_events": _streaming(
            "emit_content_delta_events", "331f2b9ed1f2adf1"
        ),
        "emit_previous_item_done_events": _streaming(
            "emit_previous_item_done_events", "480134274a5eea6f"
        ),
        "render_for_completion": _render_for_completion("e87079fc643bca23", _SERVING),
        "harmony_context_init": _harmony_context("__init__", "4ac2166b355bd866"),
        "harmony_context_append_output": _harmony_context(
            "append_output", "09148f289a919170"
        ),
        "harmony_context_append_tool_output": _harmony_context(
            "append_tool_output", "55ab8da534ba04c7"
        ),
        "streaming_harmony_context_append_output": Seam(
            _CONTEXT,
            "StreamingHarmonyContext.append_output",
            "807797c603dcd8de",
        ),
        "streaming_harmony_context_append_tool_output": Seam(
            _CONTEXT,
            "StreamingHarmonyContext.append_tool_output",
            "e29dc1f0d6c63cfa",
        ),
    },
    patches={
        "reconstruction": "reconstruction",
        "all-parts": "all_parts",
        "merge-items": "merge_items",
        "snapshots": "snapshots",
        "stream-ids": "stream_ids",
        "chain-errors": "chain_errors",
        "harmony-reconstruction": "harmony_conversation",
        "harmony-items": "harmony_items",
        "harmony-truncated": "harmony_truncated",
        "harmony-stream-items": "harmony_stream_items",
        "harmony-preambles": "harmony_preambles",
        "harmony-call-items": "harmony_call_items",
        "harmony-streamed-tools": "harmony_streamed_tools",
        "harmony-tool-runs": "harmony_tool_runs",
    },
)


_CHAT_0_22: Mapping[str, Seam | None] = {
    "construct_chat_messages_with_tool_call": Seam(
        _UTILS, "construct_chat_messages_with_tool_call", "39c2fcaca978de52"
    ),
    "maybe_combine_reasoning_and_tool_call": None,
    "construct_single_message_from_response_item": None,
    "construct_message_from_response_item": _construct_message("9c8f6defc9fee431"),
    "make_request": _serving("_make_request", "fefd154e7ac65e8a"),
    "create_responses": _serving("_create_responses", "d0c9de4711861a5a"),
    "responses_parser_init": None,
    "parsable_context_init": _parsable_context_init("f124b90ef4efb807"),
    "postprocess_messages": _postprocess_messages("1bc9da8ceba6f89f"),
}
_CHAT_PATCHES_0_22: Mapping[str, str | FixedUpstream] = {
    "reconstruction": "reconstruction_0_22",
    "all-parts": "all_parts_0_22",
    "merge-items": FixedUpstream(
        "0.22.0", "_construct_message_from_response_item merges (#42189)"
    ),
    "snapshots": "snapshots_0_22",
}
_CHAT_0_23: Mapping[str, Seam | None] = {
    "create_responses": _serving("_create_responses", "9fc2b2ba7fb5342d"),
    "parsable_context_init": _parsable_context_init("868c8e2825c49eee"),
    "postprocess_messages": _postprocess_messages("f461afcc5bc909bf"),
}
_CHAT_0_24: Mapping[str, Seam | None] = {
    "make_request": _serving("_make_request", "854d592f34ea472e"),
    "create_responses": _serving("_create_responses", "7196a8624f2d7c62"),
    "parsable_context_init": _parsable_context_init("85c366e7d16c59cc"),
    "responses_full_generator": _serving(
        "responses_full_generator", "139bccf206c08aa5"
    ),
}
_CHAT_0_25: Mapping[str, Seam | None] = {
    "construct_message_from_response_item": _construct_message("df8c1197d9a38cc5"),
    "make_request": _serving("_make_request", "1c3500f4f8cb4cbd"),
    "create_responses": _serving("_create_responses", "a2ab639522ddd14b"),
    "parsable_context_init": _parsable_context_init("93995bd625821046"),
    "responses_full_generator": _serving(
        "responses_full_generator", "d45f735bd3b64f5e"
    ),
}
_CHAT_PATCHES_0_25: Mapping[str, str | FixedUpstream] = {
    "all-parts": "all_parts_0_25",
}
_CHAT_0_26: Mapping[str, Seam | None] = {
    "parsable_context_init": _parsable_context_init("b946b8db84950e85"),
    "responses_full_generator": _serving(
        "responses_full_generator", "15a2e8d894c8b703"
    ),
}
_CHAT_0_27: Mapping[str, Seam | None] = {
    "make_request": _serving("_make_request", "c002c757448acd1c"),
}
_CHAT_0_28: Mapping[str, Seam | None] = {
    "create_responses": _serving("_create_responses", "bc26eb4ced520b81"),
    "responses_full_generator": _serving(
        "responses_full_generator", "5372a18232db2fac"
    ),
}
_CHAT_0_29: Mapping[str, Seam | None] = {
    "create_responses": _serving("_create_responses", "6e29f4c257716b89"),
    "postprocess_messages": None,
}
_CHAT_PATCHES_0_29: Mapping[str, str | FixedUpstream] = {
    "snapshots": "snapshots_0_29",
}
_CHAT_0_30: Mapping[str, Seam | None] = {
    "construct_input_messages": Seam(
        _UTILS,
        "construct_input_messages",
        "c4a6ddb03860ab93",
        imported_into=(_RENDERER,),
    ),
    "construct_message_from_response_item": _construct_message("719e5601d9bc9f5b"),
    "make_request": None,
    "render_resolved_response_inputs": _serving(
        "_render_resolved_response_inputs", "dfcb440c1b2be5b0"
    ),
    "render_responses": _renderer("render_responses", "7917ca006ea1d282"),
    "create_responses": _serving("_create_responses", "6fc33c6cf507a52a"),
}
_CHAT_PATCHES_0_30: Mapping[str, str | FixedUpstream] = {
    "reconstruction": "reconstruction_0_30",
}
_CHAT_0_31: Mapping[str, Seam | None] = {
    "create_responses": _serving("_create_responses", "94d2c9b1a43bf408"),
    "responses_full_generator": _serving(
        "responses_full_generator", "05436be6cdb99b9c"
    ),
}
_CHAT_0_32: Mapping[str, Seam | None] = {
    "construct_message_from_response_item": _construct_message("39713fd72243cd69"),
    "render_responses": _renderer("render_responses", "e9ba16711260dfa7"),
    "create_responses": _serving("_create_responses", "3585075981e416c6"),
    "parsable_context_init": _parsable_context_init("94bd263a27626b63"),
    "responses_stream_generator": None,
    "responses_full_generator": None,
}
_CHAT_PATCHES_0_32: Mapping[str, str | FixedUpstream] = {
    "all-parts": "all_parts_0_32",
    "stream-ids": FixedUpstream(
        "0.32.0",
        "the items that a stream has shown are stored, or lend their ids to those "
        "that are (reuse_streamed_item_ids)",
    ),
}
_CHAT_0_33: Mapping[str, Seam | None] = {
    "create_responses": _serving("_create_responses", "d145e56f596b00d0"),
}


_HARMONY_0_22: Mapping[str, Seam | None] = {
    "make_response_output_items_with_harmony": _serving(
        "_make_response_output_items_with_harmony", "61f86ce9c7252a7c"
    ),
    "response_input_to_harmony": _harmony(
        "response_input_to_harmony", "26f83fc2fe526a02"
    ),
    "harmony_to_response_output": _harmony(
        "harmony_to_response_output", "0c248ccdb1fe18a4"
    ),
    "parser_state_to_response_output": _harmony(
        "parser_state_to_response_output", "3a8a10204048814b"
    ),
    "parse_function_call": None,
    "emit_content_delta_events": _streaming(
        "emit_content_delta_events", "0e234f00342c5aa8"
    ),
    "emit_previous_item_done_events": _streaming(
        "emit_previous_item_done_events", "0ebdf5cbf3f135de"
    ),
    "harmony_context_init": _harmony_context("__init__", "53981064098565da"),
}
_HARMONY_PATCHES_0_22: Mapping[str, str | FixedUpstream] = {
    "harmony-truncated": "harmony_truncated_0_22",
    "harmony-stream-items": "harmony_stream_items_0_22",
    "harmony-call-items": FixedUpstream(
        "0.22.0",
        "a call is told by its recipient (is_function_recipient), and has its whole "
        "name (extract_function_from_recipient)",
    ),
}
_HARMONY_0_23: Mapping[str, Seam | None] = {
    "construct_input_messages_with_harmony": _serving(
        "_construct_input_messages_with_harmony", "471e0c58c7c815b5"
    ),
    "extract_system_message_from_request": None,
    "construct_harmony_system_input_message": None,
    "get_harmony_builtin_tool_descriptions": _serving(
        "_get_harmony_builtin_tool_descriptions", "d466dca03f2a162f"
    ),
    "build_harmony_preamble": Seam(
        _HARMONY_UTILS, "build_harmony_preamble", "dcf98b108e44de59"
    ),
    "extract_instructions_from_messages": Seam(
        _HARMONY_UTILS, "extract_instructions_from_messages", "9a09e8879b0a8622"
    ),
    "get_system_or_developer_message": Seam(
        _HARMONY_UTILS, "get_system_or_developer_message", "e160ab710bde0e97"
    ),
    "response_input_to_harmony": _harmony(
        "response_input_to_harmony", "1c835c79ef8e9d4c"
    ),
}
_HARMONY_PATCHES_0_23: Mapping[str, str | FixedUpstream] = {
    "harmony-reconstruction": "harmony_conversation_0_23",
    "harmony-items": "harmony_items_0_23",
}
_HARMONY_0_24: Mapping[str, Seam | None] = {
    "harmony_context_init": _harmony_context("__init__", "7c159cf5d94f391d"),
}
_HARMONY_PATCHES_0_24: Mapping[str, str | FixedUpstream] = {
    "harmony-stream-items": "harmony_stream_items_0_24",
}
_HARMONY_0_25: Mapping[str, Seam | None] = {
    "construct_input_messages_with_harmony": _serving(
        "_construct_input_messages_with_harmony", "aad691ad674d4aa6"
    ),
    "make_response_output_items_with_harmony": None,
    "harmony_to_response_output": None,
    "parser_state_to_response_output": None,
    "parse_final_message": Seam(_HARMONY, "_parse_final_message", "71ad327da62b50db"),
    "emit_content_delta_events": _streaming(
        "emit_content_delta_events", "ecbb172f81280c29"
    ),
    "emit_previous_item_done_events": _streaming(
        "emit_previous_item_done_events", "aefcb0edd4eeef34"
    ),
    "render_for_completion": _render_for_completion(
        "878fd348d9964723", _SERVING, _RENDERER
    ),
    "auto_drop_analysis_messages": Seam(
        _HARMONY_UTILS, "auto_drop_analysis_messages", "c5de202fcee78f9d"
    ),
    "harmony_context_init": _harmony_context("__init__", "8fdf2ededb85d4e9"),
    "harmony_context_append_output": _harmony_context(
        "append_output", "07c0de2ff86e0d96"
    ),
    "streaming_harmony_context_append_output": None,
    "streaming_harmony_context_append_tool_output": None,
}
_HARMONY_PATCHES_0_25: Mapping[str, str | FixedUpstream] = {
    "harmony-truncated": FixedUpstream(
        "0.25.0", "HarmonyContext appends what its parser still holds (flush)"
    ),
    "harmony-preambles": "harmony_preambles_0_25",
    "harmony-streamed-tools": FixedUpstream(
        "0.25.0", "a stream has the same HarmonyContext as any other response"
    ),
    "harmony-tool-runs": "harmony_tool_runs_0_25",
}
_HARMONY_0_26: Mapping[str, Seam | None] = {
    "harmony_context_init": _harmony_context("__init__", "64411317ffb0279d"),
    "harmony_context_append_output": _harmony_context(
        "append_output", "f65d3c1d6614c1cc"
    ),
}
_HARMONY_0_27: Mapping[str, Seam | None] = {
    "make_request_with_harmony": _serving(
        "_make_request_with_harmony", "08bb85fd7e897487"
    ),
}
_HARMONY_0_30: Mapping[str, Seam | None] = {
    "construct_input_messages_with_harmony": None,
    "make_request_with_harmony": None,
    "render_responses_with_harmony": _renderer(
        "_render_responses_with_harmony", "31bc9f8bdcefe042"
    ),
    "get_harmony_builtin_tool_descriptions": _renderer(
        "_get_harmony_builtin_tool_descriptions", "eca2d17a786c646e"
    ),
    "render_responses_harmony_messages": _renderer(
        "render_responses_harmony_messages", "849220948a4e9a70"
    ),
    "construct_harmony_previous_input_messages": Seam(
        _HARMONY,
        "construct_harmony_previous_input_messages",
        "3a990388001c6462",
        imported_into=(_RENDERER,),
    ),
    "extract_instructions_from_messages": Seam(
        _HARMONY_UTILS, "extract_instructions_from_messages", "b6dd56f341050dcb"
    ),
    "response_input_to_harmony": Seam(
        _HARMONY,
        "response_input_to_harmony",
        "71f4b283962e2733",
        imported_into=(_RENDERER,),
    ),
    "render_for_completion": _render_for_completion("878fd348d9964723", _RENDERER),
}
_HARMONY_PATCHES_0_30: Mapping[str, str | FixedUpstream] = {
    "harmony-reconstruction": "harmony_conversation_0_30",
}
_HARMONY_0_31: Mapping[str, Seam | None] = {
    "render_responses_with_harmony": _renderer(
        "_render_responses_with_harmony", "1bca3658045ee354"
    ),
    "render_for_completion": _render_for_completion("56f5ab243e3edd14", _RENDERER),
    "harmony_context_init": _harmony_context("__init__", "b53efebf2c866633"),
}
_HARMONY_0_32: Mapping[str, Seam | None] = {
    "harmony_context_init": _harmony_context("__init__", "f0984b204162f171"),
}
_HARMONY_0_33: Mapping[str, Seam | None] = {
    "render_responses_with_harmony": _renderer(
        "_render_responses_with_harmony", "da34669a0f9ff7e1"
    ),
}
_HARMONY_PATCHES_0_33: Mapping[str, str | FixedUpstream] = {
    "harmony-reconstruction": "harmony_conversation_0_33",
}

_V0_22_1 = _V0_21_0.followed_by(
    seams={**_CHAT_0_22, **_HARMONY_0_22},
    patches={**_CHAT_PATCHES_0_22, **_HARMONY_PATCHES_0_22},
)
_V0_23_0 = _V0_22_1.followed_by(
    seams={**_CHAT_0_23, **_HARMONY_0_23}, patches=_HARMONY_PATCHES_0_23
)
_V0_24_0 = _V0_23_0.followed_by(
    seams={**_CHAT_0_24, **_HARMONY_0_24}, patches=_HARMONY_PATCHES_0_24
)
_V0_25_1 = _V0_24_0.followed_by(
    seams={**_CHAT_0_25, **_HARMONY_0_25},
    patches={**_CHAT_PATCHES_0_25, **_HARMONY_PATCHES_0_25},
)
_V0_26_0 = _V0_25_1.followed_by(seams={**_CHAT_0_26, **_HARMONY_0_26})
_V0_27_1 = _V0_26_0.followed_by(seams={**_CHAT_0_27, **_HARMONY_0_27})
_V0_28_0 = _V0_27_1.followed_by(seams=_CHAT_0_28)
_V0_29_0 = _V0_28_0.followed_by(seams=_CHAT_0_29, patches=_CHAT_PATCHES_0_29)
_V0_30_0 = _V0_29_0.followed_by(
    seams={**_CHAT_0_30, **_HARMONY_0_30},
    patches={**_CHAT_PATCHES_0_30, **_HARMONY_PATCHES_0_30},
)
_V0_31_0 = _V0_30_0.followed_by(seams={**_CHAT_0_31, **_HARMONY_0_31})
_V0_32_0 = _V0_31_0.followed_by(
    seams={**_CHAT_0_32, **_HARMONY_0_32}, patches=_CHAT_PATCHES_0_32
)
_V0_33_0 = _V0_32_0.followed_by(
    seams={**_CHAT_0_33, **_HARMONY_0_33}, patches=_HARMONY_PATCHES_0_33
)

RELEASES: Mapping[str, Release] = {
    "0.21.0": _V0_21_0,
    "0.22.0": _V0_22_1,
    "0.22.1": _V0_22_1,
    "0.23.0": _V0_23_0,
    "0.24.0": _V0_24_0,
    "0.25.0": _V0_25_1,
    "0.25.1": _V0_25_1,
    "0.26.0": _V0_26_0,
    "0.27.0": _V0_27_1,
    "0.27.1": _V0_27_1,
    "0.28.0": _V0_28_0,
    "0.29.0": _V0_29_0,
    "0.30.0": _V0_30_0,
    "0.31.0": _V0_31_0,
    "0.32.0": _V0_32_0,
    "0.33.0": _V0_33_0,
}
"""By version, oldest first."""


def releases_for(version: str) -> dict[str, Release]:
    """The releases a vLLM of this version may look like, the likeliest first.

    That is the one of this version, or else, for a release the kit was not tried with,
    the nearest before it and then all others: where the functions are the same, so are
    the patches.
    """
    if version in RELEASES:
        return {version: RELEASES[version]}
    earlier = [known for known in RELEASES if _order(known) <= _order(version)]
    later = [known for known in RELEASES if known not in earlier]
    return {known: RELEASES[known] for known in (*reversed(earlier), *later)}


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
