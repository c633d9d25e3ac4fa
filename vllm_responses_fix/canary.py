"""A conversation that has to come out right before a server may rely on the patches."""

import importlib
import json
from collections.abc import Callable, Set
from types import SimpleNamespace
from typing import Any

from .releases import Release

_ASKED: dict[str, Any] = {"role": "user", "content": "canary: question"}
_ANSWERED: list[dict[str, Any]] = [
    {
        "type": "reasoning",
        "id": "rs_canary",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "canary: reasoning"}],
    },
    {
        "type": "function_call",
        "id": "fc_canary",
        "call_id": "call_canary",
        "name": "canary",
        "arguments": '{"canary": "arguments"}',
    },
]
_RETURNED: list[dict[str, Any]] = [
    {"role": "system", "content": "canary: system item"},
    {
        "type": "function_call_output",
        "call_id": "call_canary",
        "output": "canary: result",
    },
]
_CARRIED = (
    "canary: question",
    "canary: reasoning",
    '{\\"canary\\": \\"arguments\\"}',
    "canary: system item",
    "canary: result",
    "canary: current",
)
_LEFT_BEHIND = "canary: earlier"
_CHAINED = "resp_canary"

# Makes Harmony messages of a request, the stored messages and the output before it.
_Construct = Callable[[Any, Any, Any], Any]


class CanaryError(Exception):
    """The patched functions do not do what they are for."""


def send_canary(release: Release, patch_names: Set[str]) -> None:
    """Send a conversation through the functions that vLLM now calls.

    Args:
        release: the release that was patched.
        patch_names: the patches that are in; without `reconstruction` there is
            nothing to be seen.

    Raises:
        CanaryError: a chained turn differs from the replayed one, lacks something, or
            changed the turn before it.
    """
    if "reconstruction" in patch_names:
        _send_as_chat(release)
    if {"harmony-reconstruction", "harmony-items"} <= patch_names:
        _send_as_harmony(release)


def _send_as_chat(release: Release) -> None:
    seam = release.seams["construct_input_messages"]
    construct = importlib.import_module(seam.imported_into[0]).construct_input_messages

    first = construct(request_instructions=_LEFT_BEHIND, request_input=_items([_ASKED]))
    stored = json.dumps(first)
    chained = construct(
        request_instructions="canary: current",
        request_input=_items(_RETURNED),
        prev_msg=first,
        prev_response_output=_items(_ANSWERED),
    )
    replayed = construct(
        request_instructions="canary: current",
        request_input=_items([_ASKED, *_ANSWERED, *_RETURNED]),
    )

    _compare(json.dumps(chained), json.dumps(replayed))
    if json.dumps(first) != stored:
        raise CanaryError(f"a chained turn changed the one before: {first}")


def _send_as_harmony(release: Release) -> None:
    """The same conversation for gpt-oss.

    Messages are compared, not tokens: what they are encoded with takes long to load,
    and only a server of such a model has it.
    """
    from vllm.entrypoints.openai.responses import harmony

    renderer = release.seams.get("render_responses_with_harmony")
    construct = (
        _construct_with_renderer(importlib.import_module(renderer.module))
        if renderer is not None
        else _construct_with_server()
    )

    first = construct(_request([_ASKED], instructions=_LEFT_BEHIND), None, None)
    # vLLM stores the messages of a request with those that the model wrote then.
    answered = _items(_ANSWERED)
    said = [harmony.response_input_to_harmony(item, []) for item in answered]
    stored = [*first, *said]
    before = _dump(stored)
    current = {"instructions": "canary: current"}
    chained = construct(
        _request(_RETURNED, previous_response_id=_CHAINED, **current), stored, answered
    )
    replayed = construct(
        _request([_ASKED, *_ANSWERED, *_RETURNED], **current), None, None
    )

    _compare(_dump(chained), _dump(replayed))
    if _dump(stored) != before:
        raise CanaryError(f"a chained turn changed the one before: {stored}")


def _construct_with_server() -> _Construct:
    """Up to 0.29 the serving object builds the messages, and looks up the earlier."""
    from vllm.entrypoints.openai.responses import serving
    from vllm.entrypoints.openai.responses.protocol import ResponsesResponse

    # Only what the construction of messages asks for; its constructor wants a model.
    server = serving.OpenAIServingResponses.__new__(serving.OpenAIServingResponses)
    server.tool_server = None
    server.msg_store = {}

    def construct(request: Any, stored: Any, output: Any) -> Any:
        if stored is None:
            return server._construct_input_messages_with_harmony(request, None)
        server.msg_store[_CHAINED] = stored
        answer = ResponsesResponse.model_construct(id=_CHAINED, output=output)
        return server._construct_input_messages_with_harmony(request, answer)

    return construct


def _construct_with_renderer(module: Any) -> _Construct:
    """From 0.30 on the renderer builds the messages, and is given the earlier."""
    # As above; what comes after the messages is left out.
    renderer = module.OnlineRenderer.__new__(module.OnlineRenderer)
    renderer.parser = None
    renderer.reasoning_effort_map = None
    renderer.model_config = SimpleNamespace(max_model_len=1)
    renderer.render_responses_harmony_messages = lambda *_, **__: None

    def construct(request: Any, stored: Any, output: Any) -> Any:
        rendered = renderer._render_responses_with_harmony(
            request,
            previous_messages=stored,
            previous_response_outputs=output,
            tool_server=None,
        )
        return rendered.messages

    return construct


def _dump(messages: list[Any]) -> str:
    return json.dumps([message.to_dict() for message in messages])


def _compare(chained: str, replayed: str) -> None:
    if chained != replayed:
        raise CanaryError(
            f"a chained turn differs from the replayed one: {chained} is not {replayed}"
        )
    # The arguments are JSON in a string of a message that is dumped as JSON.
    missing = [text for text in _CARRIED if text not in chained]
    if missing or _LEFT_BEHIND in chained:
        raise CanaryError(f"a chained turn lacks {missing} or leaks: {chained}")


def _items(wire: list[dict[str, Any]]) -> Any:
    return _request(wire).input


def _request(wire: list[dict[str, Any]], **fields: Any) -> Any:
    from vllm.entrypoints.openai.responses.protocol import ResponsesRequest

    body = json.dumps({"input": wire, **fields})
    return ResponsesRequest.model_validate_json(body)
