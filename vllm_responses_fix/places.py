"""The one file that knows where in vLLM a function lives.

A *place* is a function of vLLM that a patch replaces, wraps or relies on. Some are in
some releases only; whether one is there, and is what a patch was written for, is for
`recognition` to find out. Who has imported a function by name is not written down, as
upstream moves such imports about: `held_by` looks.
"""

import importlib
import itertools
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

_RESPONSES = "vllm.entrypoints.openai.responses"
_UTILS = f"{_RESPONSES}.utils"
_SERVING = f"{_RESPONSES}.serving"
_SERVER = "OpenAIServingResponses"
_HARMONY = f"{_RESPONSES}.harmony"
_CONTEXT = f"{_RESPONSES}.context"
_STREAMING = f"{_RESPONSES}.streaming_events"
_HARMONY_UTILS = "vllm.entrypoints.openai.parser.harmony_utils"
_RENDERER = "vllm.renderers.online_renderer"
_RENDERERS = "vllm.renderers.base"

TRIGGER = _SERVING
"""Once this module is imported, all that has places is too."""

PLACES: Mapping[str, tuple[str, str]] = {
    # From JSON to a request.
    "input_item_parsing": (
        f"{_RESPONSES}.protocol",
        "ResponsesRequest.input_item_parsing",
    ),
    "check_tool_usage": (f"{_RESPONSES}.protocol", "ResponsesRequest.check_tool_usage"),
    # What is said of a request that is not valid: up to 0.23, up to 0.27, and since.
    "openai_validation_exception_handler": (
        "vllm.entrypoints.openai.server_utils",
        "validation_exception_handler",
    ),
    "serve_validation_exception_handler": (
        "vllm.entrypoints.serve.utils.server_utils",
        "validation_exception_handler",
    ),
    "validation_exception_handler": (
        "vllm.entrypoints.serve.exception_handling.handlers.validation",
        "validation_exception_handler",
    ),
    # From items to chat messages.
    "construct_input_messages": (_UTILS, "construct_input_messages"),
    "should_continue_final_message": (_UTILS, "should_continue_final_message"),
    "construct_chat_messages_with_tool_call": (
        _UTILS,
        "construct_chat_messages_with_tool_call",
    ),
    "construct_message_from_response_item": (
        _UTILS,
        "_construct_message_from_response_item",
    ),
    # 0.21 only: one message an item, and what combines some of them.
    "construct_single_message_from_response_item": (
        _UTILS,
        "_construct_single_message_from_response_item",
    ),
    "maybe_combine_reasoning_and_tool_call": (
        _UTILS,
        "_maybe_combine_reasoning_and_tool_call",
    ),
    "postprocess_messages": ("vllm.entrypoints.chat_utils", "_postprocess_messages"),
    # Up to 0.31; later ones need it no more.
    "create_content_parser": (
        "vllm.entrypoints.chat_utils",
        "AsyncMultiModalItemTracker.create_parser",
    ),
    "resolve_media_items": (
        "vllm.entrypoints.chat_utils",
        "AsyncMultiModalItemTracker.resolve_items",
    ),
    "parsable_context_init": (_CONTEXT, "ParsableContext.__init__"),
    # From the text of a prompt to its token ids.
    "tokenize_singleton_prompt_async": (
        _RENDERERS,
        "BaseRenderer._tokenize_singleton_prompt_async",
    ),
    "pre_tokenization": (
        "vllm.renderers.params",
        "TokenizeParams.apply_pre_tokenization",
    ),
    # From the token ids of an answer to its text.
    "fast_detokenizer_init": (
        "vllm.v1.engine.detokenizer",
        "FastIncrementalDetokenizer.__init__",
    ),
    # The server.
    "create_responses": (_SERVING, f"{_SERVER}._create_responses"),
    "validate_create_responses_input": (
        _SERVING,
        f"{_SERVER}._validate_create_responses_input",
    ),
    "make_not_found_error": (_SERVING, f"{_SERVER}._make_not_found_error"),
    "responses_stream_generator": (_SERVING, f"{_SERVER}.responses_stream_generator"),
    "responses_full_generator": (_SERVING, f"{_SERVER}.responses_full_generator"),
    "response_from_request": (
        f"{_RESPONSES}.protocol",
        "ResponsesResponse.from_request",
    ),
    "responses_server_init": (_SERVING, f"{_SERVER}.__init__"),
    "create_responses_entry": (_SERVING, f"{_SERVER}.create_responses"),
    "retrieve_responses": (_SERVING, f"{_SERVER}.retrieve_responses"),
    "cancel_responses": (_SERVING, f"{_SERVER}.cancel_responses"),
    "responses_background_stream_generator": (
        _SERVING,
        f"{_SERVER}.responses_background_stream_generator",
    ),
    # From what a model wrote to output items, and to the events of a stream.
    "make_response_output_items": (_SERVING, f"{_SERVER}._make_response_output_items"),
    "make_response_parser": (_SERVING, f"{_SERVER}._make_response_parser"),
    "effective_chat_template_kwargs": (
        _SERVING,
        f"{_SERVER}._effective_chat_template_kwargs",
    ),
    "process_simple_streaming_events": (
        _SERVING,
        f"{_SERVER}._process_simple_streaming_events",
    ),
    "open_streamed_item": (_STREAMING, "SimpleStreamingEventProcessor.open"),
    # From items to Harmony messages: the server up to 0.29, then the renderer.
    "make_request_with_harmony": (_SERVING, f"{_SERVER}._make_request_with_harmony"),
    "construct_input_messages_with_harmony": (
        _SERVING,
        f"{_SERVER}._construct_input_messages_with_harmony",
    ),
    "extract_system_message_from_request": (
        _SERVING,
        f"{_SERVER}._extract_system_message_from_request",
    ),
    "construct_harmony_system_input_message": (
        _SERVING,
        f"{_SERVER}._construct_harmony_system_input_message",
    ),
    "server_builtin_tool_descriptions": (
        _SERVING,
        f"{_SERVER}._get_harmony_builtin_tool_descriptions",
    ),
    "renderer_builtin_tool_descriptions": (
        _RENDERER,
        "OnlineRenderer._get_harmony_builtin_tool_descriptions",
    ),
    "render_responses": (_RENDERER, "OnlineRenderer.render_responses"),
    "render_responses_with_harmony": (
        _RENDERER,
        "OnlineRenderer._render_responses_with_harmony",
    ),
    "render_responses_harmony_messages": (
        _RENDERER,
        "OnlineRenderer.render_responses_harmony_messages",
    ),
    "construct_harmony_previous_input_messages": (
        _HARMONY,
        "construct_harmony_previous_input_messages",
    ),
    "response_input_to_harmony": (_HARMONY, "response_input_to_harmony"),
    "response_previous_input_to_harmony": (
        _HARMONY,
        "response_previous_input_to_harmony",
    ),
    "build_harmony_preamble": (_HARMONY_UTILS, "build_harmony_preamble"),
    "extract_instructions_from_messages": (
        _HARMONY_UTILS,
        "extract_instructions_from_messages",
    ),
    "get_system_or_developer_message": (
        _HARMONY_UTILS,
        "get_system_or_developer_message",
    ),
    "get_encoding": (_HARMONY_UTILS, "get_encoding"),
    "render_for_completion": (_HARMONY_UTILS, "render_for_completion"),
    "auto_drop_analysis_messages": (_HARMONY_UTILS, "auto_drop_analysis_messages"),
    # From what a model wrote in Harmony to output items.
    "make_response_output_items_with_harmony": (
        _SERVING,
        f"{_SERVER}._make_response_output_items_with_harmony",
    ),
    "harmony_to_response_output": (_HARMONY, "harmony_to_response_output"),
    "parser_state_to_response_output": (_HARMONY, "parser_state_to_response_output"),
    "parse_function_call": (_HARMONY, "_parse_function_call"),
    "parse_final_message": (_HARMONY, "_parse_final_message"),
    "emit_content_delta_events": (_STREAMING, "emit_content_delta_events"),
    "reset_for_new_item": (_STREAMING, "StreamingState.reset_for_new_item"),
    "emit_previous_item_done_events": (_STREAMING, "emit_previous_item_done_events"),
    "emit_tool_action_events": (_STREAMING, "emit_tool_action_events"),
    "harmony_context_init": (_CONTEXT, "HarmonyContext.__init__"),
    "harmony_context_append_output": (_CONTEXT, "HarmonyContext.append_output"),
    "harmony_context_append_tool_output": (
        _CONTEXT,
        "HarmonyContext.append_tool_output",
    ),
    "streaming_harmony_context_append_output": (
        _CONTEXT,
        "StreamingHarmonyContext.append_output",
    ),
    "streaming_harmony_context_append_tool_output": (
        _CONTEXT,
        "StreamingHarmonyContext.append_tool_output",
    ),
}


class _Imported:
    """The names of vLLM's modules that are imported.

    They are among thousands, and asked for over and over at the start of a server.
    """

    def __init__(self) -> None:
        self._names: dict[str, None] = {}
        self._newest = ""

    def names(self) -> list[str]:
        # What has been imported since the last time comes last in `sys.modules`.
        newest_first = list(itertools.islice(reversed(sys.modules), 256))
        if self._newest in newest_first:
            new = newest_first[: newest_first.index(self._newest)]
        else:
            new = list(sys.modules)
        self._names.update((name, None) for name in new if name.startswith("vllm."))
        self._newest = newest_first[0]
        return list(self._names)


_imported = _Imported()


def full_name(place: str) -> str:
    """Module and qualified name of a place."""
    return ".".join(PLACES[place])


def locate(place: str) -> tuple[Any, str]:
    """The module or class that has a function, and its name there.

    Raises:
        ImportError, AttributeError, KeyError: this vLLM has no such function.
    """
    module, qualname = PLACES[place]
    *path, attribute = qualname.split(".")
    holder: Any = importlib.import_module(module)
    for name in path:
        holder = getattr(holder, name)
    # A method that is inherited is not this class's to replace.
    vars(holder)[attribute]
    return holder, attribute


def held_by(attribute: str) -> list[ModuleType]:
    """The modules of vLLM that have something of that name, as far as imported."""
    return [
        module
        for name in _imported.names()
        if isinstance(module := sys.modules.get(name), ModuleType)
        and attribute in vars(module)
    ]
