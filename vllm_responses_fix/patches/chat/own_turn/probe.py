"""Is a streaming parser told of the turns before its own?"""

from collections.abc import AsyncIterator
from typing import Any

from vllm.entrypoints.openai.responses import streaming_events
from vllm.entrypoints.openai.responses.context import SimpleContext
from vllm.sampling_params import SamplingParams

from vllm_responses_fix.probing import answered, finished, request, server

_END_OF_TURN = 1


def fault() -> str | None:
    """Looks at the prompt that a parser is given."""
    serving = server()
    context = SimpleContext()
    parser = _Parser()
    # Up to 0.23 the server makes its parser, then it is in the context.
    serving.parser = lambda *_, **__: parser
    serving._effective_chat_template_kwargs = lambda _: {}
    serving.enable_auto_tools = True
    serving.tool_call_id_type = "random"
    context.response_parser = parser
    finished(_read(serving, context))
    if parser.prompt != [2]:
        return f"a parser is given {parser.prompt} as the prompt of its turn [2]"
    return None


async def _read(serving: Any, context: Any) -> None:
    events = serving._process_simple_streaming_events(
        request("probe", stream=True, store=False),
        SamplingParams(max_tokens=1),
        _answering(context),
        context,
        "probe",
        _Tokenizer(),
        None,
        0,
        lambda event: event,
    )
    async for _ in events:
        pass


async def _answering(context: Any) -> AsyncIterator[Any]:
    output = answered()
    output.prompt_token_ids = [0, _END_OF_TURN, 2]
    context.append_output(output)
    yield context


class _Tokenizer:
    eos_token_id = _END_OF_TURN

    def decode(self, *_: Any, **__: Any) -> str:
        return ""


class _Parser:
    def __init__(self) -> None:
        self.prompt: list[int] | None = None

    def parse_delta(self, *_: Any, prompt_token_ids: list[int], **__: Any) -> Any:
        self.prompt = prompt_token_ids
        return streaming_events.DeltaMessage(content="probe")

    def extract_response_outputs(self, **_: Any) -> list[Any]:
        return []

    def parse(self, *_: Any, **__: Any) -> tuple[None, None, None]:
        return None, None, None
