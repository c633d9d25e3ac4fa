"""A conversation that has to come out right before a server may rely on the patches."""

import importlib
import json
from collections.abc import Collection
from typing import Any

from .releases import Release

_ASKED = {"role": "user", "content": "canary: question"}
_ANSWERED = [
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
_RETURNED = [
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


class CanaryError(Exception):
    """The patched functions do not do what they are for."""


def send_canary(release: Release, patch_names: Collection[str]) -> None:
    """Send a conversation through the functions that vLLM now calls.

    Args:
        release: the release that was patched.
        patch_names: the patches that are in; without `reconstruction` there is
            nothing to be seen.

    Raises:
        CanaryError: a chained turn differs from the replayed one, lacks something, or
            changed the turn before it.
    """
    if "reconstruction" not in patch_names:
        return
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

    if chained != replayed:
        raise CanaryError(
            f"a chained turn differs from the replayed one: {chained} is not {replayed}"
        )
    prompt = json.dumps(chained)
    missing = [text for text in _CARRIED if text not in prompt]
    if missing or _LEFT_BEHIND in prompt:
        raise CanaryError(f"a chained turn lacks {missing} or leaks: {prompt}")
    if json.dumps(first) != stored:
        raise CanaryError(f"a chained turn changed the one before: {first}")


def _items(wire: list[dict[str, Any]]) -> Any:
    from vllm.entrypoints.openai.responses.protocol import ResponsesRequest

    body = json.dumps({"input": wire})
    return ResponsesRequest.model_validate_json(body).input
