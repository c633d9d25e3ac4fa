"""Does a chained turn of gpt-oss say what the replayed one says?

Messages are compared, not tokens: what they are encoded with takes long to load, and
only a server of such a model has it.
"""

import importlib
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from vllm.entrypoints.openai.responses import harmony, serving
from vllm.entrypoints.openai.responses.protocol import ResponsesResponse

from vllm_responses_fix import probing
from vllm_responses_fix.places import PLACES
from vllm_responses_fix.probe_conversation import (
    ANSWERED,
    ASKED,
    LEFT_BEHIND,
    RETURNED,
    turn_fault,
)

_CHAINED = "resp_probe"

# Makes Harmony messages of a request, the stored messages and the output before it.
_Construct = Callable[[Any, Any, Any], Any]


def fault() -> str | None:
    """What is wrong with a chained turn of gpt-oss."""
    construct = (
        _construct_with_server()
        if hasattr(
            serving.OpenAIServingResponses, "_construct_input_messages_with_harmony"
        )
        else _construct_with_renderer()
    )
    try:
        return _fault(construct)
    except Exception as error:
        return f"a chained turn is an error: {error!r}"


def _fault(construct: _Construct) -> str | None:
    first = construct(_request([ASKED], instructions=LEFT_BEHIND), None, None)
    # vLLM stores the messages of a request with those that the model wrote then.
    answered = probing.items(ANSWERED)
    said = [harmony.response_input_to_harmony(item, []) for item in answered]
    stored = [*first, *said]
    before = _dump(stored)
    current = {"instructions": "probe: current"}
    chained = _dump(
        construct(
            _request(RETURNED, previous_response_id=_CHAINED, **current),
            stored,
            answered,
        )
    )
    replayed = _dump(
        construct(_request([ASKED, *ANSWERED, *RETURNED], **current), None, None)
    )
    found = turn_fault(chained, replayed)
    if found is not None:
        return found
    if _dump(stored) != before:
        return f"a chained turn changes the one before: {stored}"
    return None


def _request(wire: list[dict[str, Any]], **fields: Any) -> Any:
    return probing.request(wire, **fields)


def _construct_with_server() -> _Construct:
    """The serving object builds the messages, and looks up the earlier ones."""
    server = probing.server()

    def construct(request: Any, stored: Any, output: Any) -> Any:
        if stored is None:
            return server._construct_input_messages_with_harmony(request, None)
        server.msg_store[_CHAINED] = stored
        answer = ResponsesResponse.model_construct(id=_CHAINED, output=output)
        return server._construct_input_messages_with_harmony(request, answer)

    return construct


def _construct_with_renderer() -> _Construct:
    """The renderer builds the messages, and is given the earlier ones."""
    module = importlib.import_module(PLACES["render_responses_with_harmony"][0])
    # Only what the construction of messages asks for; what comes after is left out.
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
