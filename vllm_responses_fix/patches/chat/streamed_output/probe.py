"""Are the items of a stream's events those that its response has, and no others?"""

from typing import Any

from vllm.entrypoints.openai.responses import streaming_events
from vllm.entrypoints.openai.responses.context import SimpleContext

from vllm_responses_fix.probing import (
    StreamParser,
    answered,
    answering,
    finished,
    parsed_stream,
    parsing,
    request,
    server,
    streamed,
)

_CALL = {"index": 0, "id": "probe", "function": {"name": "probe", "arguments": "{}"}}


def fault() -> str | None:
    """Streams an answer, white space before a call, and what a parser holds back."""
    context = SimpleContext()
    events = finished(streamed(server(), context, answering(context)))
    (shown,) = (e.item for e in events if e.type == "response.output_item.done")
    (stored,) = events[-1].response.output
    if shown.model_dump() != stored.model_dump():
        return "the response of a stream is made anew, not of the items it has shown"
    events = finished(
        parsed_stream(_Parser(), [answered() for _ in range(3)], _Tokenizer())
    )
    opened = [
        (event.output_index, event.item.type)
        for event in events
        if event.type == "response.output_item.added"
    ]
    if opened != [(0, "reasoning"), (1, "function_call")]:
        return f"reasoning, white space and a call are streamed as {opened}"
    serving, context = parsing(_Holding())
    generated = answering(context)
    events = finished(streamed(serving, context, generated, _Tokenizer()))
    text = "".join(getattr(event, "delta", "") for event in events)
    if text != "probe":
        return f"text that a parser has held back is streamed as {text!r}"
    if not events[-1].response.output:
        return "text that a parser has held back is streamed and not stored"
    return None


class _Tokenizer:
    eos_token_id = 0

    def decode(self, *_: Any, **__: Any) -> str:
        return ""


class _Parser(StreamParser):
    def __init__(self) -> None:
        self._deltas = iter(
            ({"reasoning": "probe"}, {"content": "\n\n"}, {"tool_calls": [_CALL]})
        )

    def parse_delta(self, *_: Any, **__: Any) -> Any:
        return streaming_events.DeltaMessage.model_validate(next(self._deltas))


class _Holding(StreamParser):
    def parse_delta(self, *_: Any, **__: Any) -> None:
        return None

    def parse(self, *_: Any, **__: Any) -> tuple[None, str, None]:
        return None, "probe", None

    def extract_response_outputs(self, **_: Any) -> list[Any]:
        return server()._make_response_output_items(
            request("probe"), answered().outputs[0], None
        )
