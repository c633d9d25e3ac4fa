"""The one place that knows which release of vLLM has what where.

A *seam* is a function of vLLM that the kit replaces, wraps or counts on. Releases
name their seams, and for each the fingerprint of the source that was read when the
patches were written; `scripts/fingerprints.py` prints them. A patch is only applied
where all its seams are as they were then.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_OPENAI = "vllm.entrypoints.openai"
_UTILS = f"{_OPENAI}.responses.utils"
_SERVING = f"{_OPENAI}.responses.serving"
_SERVING_CLASS = "OpenAIServingResponses"


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
class Release:
    """What one release of vLLM looks like to the kit.

    Attributes:
        trigger: once this module is imported, all that has seams is too.
        seams: by the name that patches use for them.
    """

    trigger: str
    seams: Mapping[str, Seam]


_V0_21_0 = Release(
    trigger=_SERVING,
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
        "make_request": Seam(
            _SERVING, f"{_SERVING_CLASS}._make_request", "22ffdf07e9378b49"
        ),
        "create_responses": Seam(
            _SERVING, f"{_SERVING_CLASS}._create_responses", "e6cff216698ebde2"
        ),
        "responses_parser_init": Seam(
            f"{_OPENAI}.parser.responses_parser",
            "ResponsesParser.__init__",
            "792b859188ecd651",
        ),
        "postprocess_messages": Seam(
            "vllm.entrypoints.chat_utils", "_postprocess_messages", "74829d03aa762af4"
        ),
        "responses_stream_generator": Seam(
            _SERVING, f"{_SERVING_CLASS}.responses_stream_generator", "6dcfa708ed0d062e"
        ),
        "responses_full_generator": Seam(
            _SERVING, f"{_SERVING_CLASS}.responses_full_generator", "fb90f600c9c58f4c"
        ),
        "validate_create_responses_input": Seam(
            _SERVING,
            f"{_SERVING_CLASS}._validate_create_responses_input",
            "572fc684371cb602",
        ),
        "make_not_found_error": Seam(
            _SERVING, f"{_SERVING_CLASS}._make_not_found_error", "69bab082915c6ea9"
        ),
    },
)

RELEASES: Mapping[str, Release] = {"0.21.0": _V0_21_0}
