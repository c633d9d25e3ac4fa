"""Are the items of a stream's events those that its response has, and no others?"""

from collections.abc import AsyncIterator
from typing import Any

from vllm.entrypoints.openai.responses import streaming_events
from vllm.entrypoints.openai.responses.context import SimpleContext
from vllm.sampling_params import SamplingParams

from vllm_responses_fix.probing import (
    answered,
    answering,
    finished,
    request,
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
    opened = finished(_opened_around_white_space())
    if opened != [(0, "reasoning"), (1, "function_call")]:
        return f"reasoning, white space and a call are streamed as {opened}"
    return None


async def _opened_around_white_space() -> list[tuple[int, str]]:
    serving = server()
    context = SimpleContext()
    # Up to 0.23 the server makes its parser, then it is in the context.
    parser = _Parser()
    serving.parser = lambda *_, **__: parser
    serving._effective_chat_template_kwargs = lambda _: {}
    serving.enable_auto_tools = True
    serving.tool_call_id_type = "random"
    context.response_parser = parser
    events = serving._process_simple_streaming_events(
        request("probe", stream=True, store=False),
        SamplingParams(max_tokens=3),
        _three_tokens(context),
        context,
        "probe",
        _Tokenizer(),
        None,
        0,
        lambda event: event,
    )
    return [
        (event.output_index, event.item.type)
        async for event in events
        if event.type == "response.output_item.added"
    ]


async def _three_tokens(context: Any) -> AsyncIterator[Any]:
    for _ in range(3):
        context.append_output(answered())
        yield context


class _Tokenizer:
    eos_token_id = 0

    def decode(self, *_: Any, **__: Any) -> str:
        return ""


class _Parser:
    def __init__(self) -> None:
        self._deltas = iter(
            ({"reasoning": "probe"}, {"content": "\n\n"}, {"tool_calls": [_CALL]})
        )

    def parse_delta(self, *_: Any, **__: Any) -> Any:
        return streaming_events.DeltaMessage.model_validate(next(self._deltas))

    def extract_response_outputs(self, **_: Any) -> list[Any]:
        return []

    def parse(self, *_: Any, **__: Any) -> tuple[None, None, None]:
        return None, None, None
