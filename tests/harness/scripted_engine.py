"""An engine that generates what the test chose."""

import asyncio
from collections import deque
from collections.abc import (
    AsyncGenerator,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

from vllm.outputs import RequestOutput
from vllm.sampling_params import SamplingParams

from .vllm_compat import EngineBase, FinishReason, RunningRequest


@dataclass(frozen=True)
class Answer:
    """What the model generates for one prompt.

    Attributes:
        content: text, or token ids where the text's own encoding is not meant.
        truncated: generation ends with finish reason "length" after `content`.
            Otherwise the end-of-sequence token follows, unless `content` itself ends
            in a token that stops generation.
        delta_sizes: how many token ids the deltas of a stream carry, in turn and from
            the start again; without it, see `ScriptedEngine.default_deltas`.
        gate: generation starts when this event is set.
    """

    content: str | Sequence[int]
    truncated: bool = False
    delta_sizes: Sequence[int] = ()
    gate: asyncio.Event | None = None


@dataclass(frozen=True)
class EnginePrompt:
    """A prompt that reached the engine."""

    request_id: str
    token_ids: Sequence[int]
    sampling_params: SamplingParams
    trace_headers: Mapping[str, str] | None
    decode: Callable[[Sequence[int]], str] = field(repr=False)

    @property
    def text(self) -> str:
        return self.decode(self.token_ids)


@dataclass
class Exchange:
    """The generations of one HTTP request: answers to give, prompts seen.

    Several prompts come from one request when the server runs tools itself.
    """

    answers: deque[Answer]
    prompts: list[EnginePrompt] = field(default_factory=list)


# Set around an in-process HTTP call, it is seen by all tasks that serve the call,
# background generation included. So calls made at the same time get their own answers.
current_exchange: ContextVar[Exchange | None] = ContextVar(
    "current_exchange", default=None
)

Script = Callable[[EnginePrompt], Answer]


class ScriptedEngine(EngineBase):
    """The engine client that vLLM's server is given instead of `AsyncLLM`.

    Attributes:
        script: chooses the answers for requests that did not bring their own, such as
            those of an SDK client.
        prompts: what reached the engine, by response id.
    """

    def __init__(
        self,
        *engine_args: Any,
        encode: Callable[[str], Sequence[int]],
        decode: Callable[[Sequence[int]], str],
        default_deltas: Callable[[Sequence[int]], Iterable[Sequence[int]]],
    ) -> None:
        super().__init__(*engine_args)
        self.script: Script = _no_script
        self.prompts: dict[str, list[EnginePrompt]] = {}
        self._encode = encode
        self._decode = decode
        self._default_deltas = default_deltas

    async def generate(  # type: ignore[override]
        self,
        prompt: Any,
        sampling_params: SamplingParams,
        request_id: str,
        trace_headers: Mapping[str, str] | None = None,
        **_options: Any,
    ) -> AsyncGenerator[RequestOutput, None]:
        request = self.submit(prompt, sampling_params, request_id)
        try:
            answer = self._answer(request, request_id, trace_headers)
            if answer.gate is not None:
                await answer.gate.wait()
            token_ids, finish_reason = self._generated(answer, request)
            deltas = self._deltas(answer, token_ids) if request.is_streamed else ()
            for delta, is_last in _mark_last(deltas or [token_ids]):
                output = request.push(delta, finish_reason if is_last else None)
                if output is not None:
                    yield output
                if request.finished:
                    break
                # As with a real engine, other requests get their turn between deltas.
                await asyncio.sleep(0)
        finally:
            request.close()

    async def is_tracing_enabled(self) -> bool:
        return True

    def _answer(
        self,
        request: RunningRequest,
        request_id: str,
        trace_headers: Mapping[str, str] | None,
    ) -> Answer:
        prompt = EnginePrompt(
            request_id,
            request.prompt_token_ids,
            request.sampling_params,
            trace_headers,
            self._decode,
        )
        # The server numbers a request's generations: resp_<uuid>_0, resp_<uuid>_1, ...
        response_id = request_id.rpartition("_")[0]
        self.prompts.setdefault(response_id, []).append(prompt)
        exchange = current_exchange.get()
        if exchange is not None:
            exchange.prompts.append(prompt)
            if exchange.answers:
                return exchange.answers.popleft()
        return self.script(prompt)

    def _generated(
        self, answer: Answer, request: RunningRequest
    ) -> tuple[list[int], FinishReason]:
        """The answer's token ids as the engine core would stop them."""
        params = request.sampling_params
        content = answer.content
        token_ids = list(self._encode(content) if isinstance(content, str) else content)
        stop_ids = set(params.stop_token_ids or ())
        if params.eos_token_id is not None:
            stop_ids.add(params.eos_token_id)
        for index, token_id in enumerate(token_ids):
            if index + 1 > (params.max_tokens or len(token_ids)):
                return token_ids[:index], FinishReason.LENGTH
            if token_id in stop_ids:
                return token_ids[: index + 1], FinishReason.STOP
        if answer.truncated or params.eos_token_id is None:
            return token_ids, FinishReason.LENGTH
        if len(token_ids) == params.max_tokens:
            return token_ids, FinishReason.LENGTH
        return [*token_ids, params.eos_token_id], FinishReason.STOP

    def _deltas(
        self, answer: Answer, token_ids: Sequence[int]
    ) -> Iterable[Sequence[int]]:
        if not answer.delta_sizes:
            return self._default_deltas(token_ids)
        rest = iter(token_ids)
        sizes = cycle(answer.delta_sizes)
        return iter(lambda: list(islice(rest, next(sizes))), [])


def one_token_deltas(token_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """A delta for every token, as from an engine that is not overtaken."""
    return ([token_id] for token_id in token_ids)


def word_like_deltas(
    token_ids: Sequence[int], byte_tokens: int = 256, size: int = 4
) -> Iterator[Sequence[int]]:
    """Deltas for a byte-level vocabulary that look like those of a real one.

    Up to `size` bytes stand for a token of text; tags are tokens of their own, as
    tool and reasoning parsers expect them.
    """
    delta: list[int] = []
    for token_id in token_ids:
        if delta and (len(delta) == size or token_id >= byte_tokens):
            yield delta
            delta = []
        delta.append(token_id)
        if token_id >= byte_tokens:
            yield delta
            delta = []
    if delta:
        yield delta


def _mark_last(deltas: Iterable[Sequence[int]]) -> Iterator[tuple[Sequence[int], bool]]:
    iterator = iter(deltas)
    try:
        delta = next(iterator)
    except StopIteration:
        yield [], True
        return
    for following in iterator:
        yield delta, False
        delta = following
    yield delta, True


def _no_script(prompt: EnginePrompt) -> Answer:
    raise AssertionError(
        f"no answer was scripted for {prompt.request_id}; its prompt:\n{prompt.text}"
    )
