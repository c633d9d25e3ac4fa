"""Are the tokens of one delta parsed one by one?"""

import dataclasses
from collections.abc import AsyncIterator
from typing import Any

from vllm.entrypoints.openai.responses import streaming_events
from vllm.entrypoints.openai.responses.context import SimpleContext
from vllm.sampling_params import SamplingParams

from vllm_responses_fix.probing import answered, finished, request, server


def fault() -> str | None:
    """Hands over two tokens, and looks at what the parser is given."""
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
    if parser.texts != ["a", "b"]:
        return f"two tokens of one delta are parsed as {parser.texts}"
    return None


async def _read(serving: Any, context: Any) -> None:
    events = serving._process_simple_streaming_events(
        request("probe", stream=True, store=False),
        SamplingParams(max_tokens=2),
        _both(context),
        context,
        "probe",
        _Tokenizer(),
        None,
        0,
        lambda event: event,
    )
    async for _ in events:
        pass


async def _both(context: Any) -> AsyncIterator[Any]:
    both = answered()
    both.outputs = [dataclasses.replace(both.outputs[0], text="ab", token_ids=[0, 1])]
    context.append_output(both)
    yield context


class _Tokenizer:
    def decode(self, token_ids: list[int], **_: Any) -> str:
        return "".join("ab"[token_id] for token_id in token_ids)


class _Parser:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def parse_delta(self, delta_text: str, *_: Any, **__: Any) -> Any:
        self.texts.append(delta_text)
        return streaming_events.DeltaMessage(content=delta_text)

    def extract_response_outputs(self, **_: Any) -> list[Any]:
        return []

    def parse(self, *_: Any, **__: Any) -> tuple[None, None, None]:
        return None, None, None
