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
    server,
    streamed,
)

_CALL = {"index": 0, "id": "probe", "function": {"name": "probe", "arguments": "{}"}}


def fault() -> str | None:
    """Streams one answer, and white space before a call."""
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
