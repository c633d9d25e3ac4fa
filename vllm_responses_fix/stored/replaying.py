"""The events of a response that is finished, for a client that wants them again."""

import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any

Fields = dict[str, Any]

# The last event says how the response has ended. One that was cancelled has none.
_LAST = {
    "completed": "response.completed",
    "incomplete": "response.incomplete",
    "failed": "response.failed",
}


class Event:
    """An event of a stream, as vLLM's router writes it."""

    def __init__(self, fields: Fields) -> None:
        self.type: str = fields["type"]
        self._fields = fields

    def model_dump_json(self, **_: Any) -> str:
        return json.dumps(self._fields)


async def events_of(response: Any) -> AsyncGenerator[Event, None]:
    """A stream with all that a response has, each text in one piece.

    Source: the streaming events of the Responses API reference.
    """
    whole: Fields = response.model_dump(mode="json", by_alias=True)
    for number, fields in enumerate(_events(whole)):
        yield Event({**fields, "sequence_number": number})


def _events(response: Fields) -> Iterator[Fields]:
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    begun |= {"error": None, "incomplete_details": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(response["output"]):
        place = {"output_index": index}
        yield {"type": "response.output_item.added", "item": _begun(item), **place}
        for fields in _inside(item):
            yield {**fields, "item_id": item["id"], **place}
        yield {"type": "response.output_item.done", "item": item, **place}
    if response["status"] in _LAST:
        yield {"type": _LAST[response["status"]], "response": response}


def _begun(item: Mapping[str, Any]) -> Fields:
    begun = {**item, "status": "in_progress"}
    if item["type"] == "function_call":
        begun["arguments"] = ""
    elif item.get("content"):
        begun["content"] = []
    return begun


def _inside(item: Mapping[str, Any]) -> Iterator[Fields]:
    if item["type"] == "function_call":
        arguments = "response.function_call_arguments"
        said = {"arguments": item["arguments"], "name": item["name"]}
        yield {"type": f"{arguments}.delta", "delta": item["arguments"]}
        yield {"type": f"{arguments}.done", **said}
        return
    for index, part in enumerate(item.get("content") or ()):
        field = "refusal" if part["type"] == "refusal" else "text"
        place = {"content_index": index}
        empty = {**part, field: ""}
        more: Fields = {"logprobs": []} if part["type"] == "output_text" else {}
        text = f"response.{part['type']}"
        yield {"type": "response.content_part.added", "part": empty, **place}
        yield {"type": f"{text}.delta", "delta": part[field], **more, **place}
        yield {"type": f"{text}.done", field: part[field], **more, **place}
        yield {"type": "response.content_part.done", "part": part, **place}
