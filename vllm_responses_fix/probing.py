"""What probes are made of: requests as clients send them, and a server without a model.

A probe runs at the start of every server, so it takes milliseconds and needs nothing
that has to be loaded: no tokenizer, no Harmony vocabulary.
"""

import inspect
import json
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any


def request(wire: str | list[dict[str, Any]], **fields: Any) -> Any:
    """A `ResponsesRequest`, read from JSON as the server reads it."""
    from vllm.entrypoints.openai.responses.protocol import ResponsesRequest

    body = json.dumps({"input": wire, **fields})
    return ResponsesRequest.model_validate_json(body)


def items(wire: list[dict[str, Any]]) -> Any:
    """Items of a request's input, as vLLM has them."""
    return request(wire).input


def server() -> Any:
    """An `OpenAIServingResponses` that has what its methods ask for, and no engine."""
    from vllm.entrypoints.openai.responses import serving

    # Its constructor wants a model.
    made: Any = serving.OpenAIServingResponses.__new__(serving.OpenAIServingResponses)
    made.use_harmony = False
    made.parser = None
    made.tool_server = None
    made.enable_store = True
    made.enable_log_outputs = False
    made.enable_per_request_metrics = False
    made.log_error_stack = False
    made.request_logger = None
    made.response_store = {}
    made.msg_store = {}
    return made


def harmony_call(name: str, channel: str) -> Any:
    """The output item that vLLM makes of a call of a function of this name."""
    from openai_harmony import Message, Role
    from vllm.entrypoints.openai.responses import harmony

    call = (
        Message.from_role_and_content(Role.ASSISTANT, "{}")
        .with_channel(channel)
        .with_recipient(f"functions.{name}")
    )
    convert: Any = harmony.harmony_to_response_output
    names = {"function_tool_names": frozenset({name})}
    known = inspect.signature(convert).parameters
    given = {key: value for key, value in names.items() if key in known}
    (item,) = convert(call, **given)
    return item


def answered() -> Any:
    """What an engine gives back: a `RequestOutput` with one token, finished."""
    from vllm.outputs import CompletionOutput, RequestOutput

    said = CompletionOutput(
        index=0,
        text="probe",
        token_ids=[1],
        cumulative_logprob=None,
        logprobs=None,
        finish_reason="stop",
    )
    return RequestOutput(
        request_id="probe",
        prompt="probe",
        prompt_token_ids=[0],
        prompt_logprobs=None,
        outputs=[said],
        finished=True,
    )


async def answering(context: Any) -> AsyncIterator[Any]:
    """What an engine yields for a request that is answered with one token."""
    context.append_output(answered())
    yield context


async def streamed(
    serving: Any, context: Any, generated: AsyncIterator[Any], tokenizer: Any = None
) -> Any:
    """The events of a stream.

    Args:
        serving: see `server`.
        context: vLLM's context of the request.
        generated: what the engine yields.
        tokenizer: what a parser and the server ask of one.
    """
    from vllm.sampling_params import SamplingParams

    events = serving.responses_stream_generator(
        request("probe", stream=True, store=False),
        SamplingParams(max_tokens=1),
        generated,
        context,
        "probe",
        tokenizer,
        None,
    )
    return [event async for event in events]


class StreamParser:
    """What vLLM asks of a parser of streams, beside `parse_delta`."""

    reasoning_parser = None

    def extract_response_outputs(self, **_: Any) -> list[Any]:
        return []

    def parse(self, *_: Any, **__: Any) -> Any:
        return None, None, None

    def set_prompt_token_ids(self, prompt_token_ids: Any) -> None:
        """It reads no prompt."""

    def count_reasoning_tokens(self, token_ids: Any) -> int:
        return 0


class _ParserClass:
    """What vLLM makes a parser with."""

    reasoning_parser_cls = None

    def __init__(self, parser: StreamParser) -> None:
        self._parser = parser

    def __call__(self, *_: Any, **__: Any) -> StreamParser:
        return self._parser


def parsing(parser: StreamParser) -> tuple[Any, Any]:
    """A chat model's server, and the context of a request that it streams.

    Args:
        parser: of both; it has a `parse_delta` as well.
    """
    from vllm.entrypoints.openai.responses.context import SimpleContext

    serving = server()
    context: Any = SimpleContext()
    # Up to 0.23 the server makes its parser, then it is in the context.
    serving.parser = _ParserClass(parser)
    serving._effective_chat_template_kwargs = lambda _: {}
    serving.model_config = None
    serving.enable_auto_tools = True
    serving.tool_call_id_type = "random"
    context.response_parser = parser
    return serving, context


async def parsed_stream(
    parser: StreamParser, outputs: Sequence[Any], tokenizer: Any
) -> list[Any]:
    """The events that a chat model's server makes of what a parser says.

    Args:
        parser: see `parsing`.
        outputs: what the engine gives back, one after the other; see `answered`.
        tokenizer: what the parser and the server ask of one.
    """
    from vllm.sampling_params import SamplingParams

    serving, context = parsing(parser)

    async def generated() -> AsyncIterator[Any]:
        for output in outputs:
            context.append_output(output)
            yield context

    events = serving._process_simple_streaming_events(
        request("probe", stream=True, store=False),
        SamplingParams(max_tokens=3),
        generated(),
        context,
        "probe",
        tokenizer,
        None,
        0,
        lambda event: event,
    )
    return [event async for event in events]


@contextmanager
def unchecked_item_events() -> Iterator[None]:
    """Let the events of a stream's items be made without a check of their fields.

    OpenAI's classes build what checks them when they are first used: for an item of any
    type, half of what all probes together cost.
    """
    from openai.types.responses import (
        ResponseOutputItemAddedEvent,
        ResponseOutputItemDoneEvent,
    )

    classes: tuple[Any, ...] = (
        ResponseOutputItemAddedEvent,
        ResponseOutputItemDoneEvent,
    )
    for made in classes:
        made.__init__ = _keep_fields
    try:
        yield
    finally:
        for made in classes:
            del made.__init__


def _keep_fields(self: Any, **fields: Any) -> None:
    # What pydantic wants of a model besides its fields.
    object.__setattr__(self, "__dict__", fields)
    object.__setattr__(self, "__pydantic_fields_set__", set(fields))
    object.__setattr__(self, "__pydantic_extra__", {})
    object.__setattr__(self, "__pydantic_private__", None)


def finished(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that waits for nothing.

    It may run inside an event loop, which can't run another one.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise RuntimeError("a probe waits for something")


class Anything:
    """Takes the place of what a probe does not look at."""

    def __getattr__(self, name: str) -> "Anything":
        return self

    def __call__(self, *_: Any, **__: Any) -> "Anything":
        return self
