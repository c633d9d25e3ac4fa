"""Items and chat messages, by vLLM's own types and functions."""

import json
from typing import Any

from harness.vllm_compat import construct_input_messages
from openai.types.responses import ResponseOutputItem
from pydantic import TypeAdapter
from vllm.entrypoints.openai.responses.protocol import ResponsesRequest

_OUTPUT = TypeAdapter(list[ResponseOutputItem])


def construct(**arguments: Any) -> list[Any]:
    """The function that the server calls, patched or not."""
    return construct_input_messages(**arguments)


def parse_input(wire: Any) -> Any:
    """`input` as the server has it after reading a request."""
    body = json.dumps({"input": wire})
    return ResponsesRequest.model_validate_json(body).input


def parse_output(wire: list[dict[str, Any]]) -> Any:
    """`output` as the server has it in a stored response."""
    return _OUTPUT.validate_json(json.dumps(wire))


def prompt_texts(messages: list[Any]) -> str:
    """All strings in some messages, for asking whether a text is among them."""
    return "\0".join(_strings(messages))


def _strings(value: Any) -> Any:
    if isinstance(value, str):
        yield value
        # Arguments that are no JSON travel as a JSON string, or in a JSON object.
        if value.startswith('"'):
            yield json.loads(value)
        if value.startswith('{"arguments": '):
            yield json.loads(value)["arguments"]
    elif isinstance(value, dict):
        for child in value.values():
            yield from _strings(child)
    elif isinstance(value, list):
        for child in value:
            yield from _strings(child)
