"""The normal form of the items of an input.

What has no other form is left alone, and so is what has no meaning: vLLM refuses it.
"""

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

from vllm.utils import random_uuid

Item = dict[str, Any]

# What a part of text is called, by who says it.
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})


def parse_normal_form(original: Any) -> Any:
    """Bring the items of a request's input into their normal form, then parse it.

    Source: the item types of the Responses API reference, and what clients send.
    """
    parse = original.__func__

    @functools.wraps(parse)
    def input_item_parsing(cls: Any, data: Any) -> Any:
        if isinstance(data, dict):
            # The one that is given is what the client sent, and is written into.
            data = dict(data)
            if isinstance(data.get("input"), list):
                data["input"] = [normal_item(item) for item in data["input"]]
        return parse(cls, data)

    return classmethod(input_item_parsing)


def normal_item(item: Any) -> Any:
    """One item in its normal form; the item that is given stays as it is."""
    if not isinstance(item, dict):
        return item
    convert = _CONVERT.get(item.get("type") or "message")
    if convert is None:
        return item
    # `null` is how many clients write what is not there.
    return convert({name: v for name, v in item.items() if v is not None})


def _message(item: Item) -> Item:
    content = item.get("content")
    if not isinstance(content, list):
        return item
    types = {part.get("type") for part in content if isinstance(part, dict)}
    if item.get("role") != "assistant":
        return {**item, "content": _renamed(content, "input_text")}
    if not types & {"text", "output_text", "refusal"}:
        # A message of input parts is one that vLLM takes for a message of a chat.
        return item
    parts = _renamed(content, "output_text")
    return {**item, "type": "message", "content": [_output_part(p) for p in parts]}


def _output_part(part: Any) -> Any:
    if not isinstance(part, dict) or part.get("type") != "output_text":
        return part
    return {"annotations": [], **{name: v for name, v in part.items() if v is not None}}


def _function_call(item: Item) -> Item:
    arguments = item.get("arguments")
    if not isinstance(arguments, (dict, list)):
        return item
    return {**item, "arguments": json.dumps(arguments, ensure_ascii=False)}


def _call_output(item: Item) -> Item:
    output = item.get("output")
    if not isinstance(output, list):
        return item
    return {**item, "output": _renamed(output, "input_text")}


def _reasoning(item: Item) -> Item:
    normal = {"summary": [], **item}
    for field, part_type in (
        ("summary", "summary_text"),
        ("content", "reasoning_text"),
    ):
        if isinstance(normal.get(field), list):
            normal[field] = _renamed(normal[field], part_type)
    return normal


def _mcp_call(item: Item) -> Item:
    return {"id": f"mcp_{random_uuid()}", **item}


def _renamed(parts: list[Any], text_type: str) -> list[Any]:
    """Parts whose text is of one type, whichever of the others it was."""
    return [
        {**part, "type": text_type}
        if isinstance(part, dict) and part.get("type") in _TEXT_PARTS
        else part
        for part in parts
    ]


_CONVERT: Mapping[str, Callable[[Item], Item]] = {
    "message": _message,
    "function_call": _function_call,
    "function_call_output": _call_output,
    "custom_tool_call_output": _call_output,
    "reasoning": _reasoning,
    "mcp_call": _mcp_call,
}
