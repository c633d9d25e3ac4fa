"""The items that a stream has shown are the output of its response."""

import functools
import inspect
import weakref
from collections.abc import AsyncGenerator, Callable
from contextvars import ContextVar
from typing import Any

from vllm.entrypoints.openai.responses.context import SimpleContext

from .stream import show_stream

_shown: "weakref.WeakKeyDictionary[SimpleContext, list[Any]]" = (
    weakref.WeakKeyDictionary()
)
# What the response that is being made has shown.
_output: ContextVar[list[Any] | None] = ContextVar("shown_items", default=None)


def show_every_item(
    original: Callable[..., AsyncGenerator[Any, None]],
) -> Callable[..., AsyncGenerator[Any, None]]:
    """Keep the items of a stream, and show at its end what it has left out.

    Source: vLLM 0.32.0, `streamed_output_items`.
    """

    def keep(context: Any, items: list[Any]) -> None:
        _shown[context] = items

    return show_stream(original, _whole, keep)


def _whole(server: Any, request: Any, context: Any, tokenizer: Any) -> list[Any]:
    """The items of the whole answer, as without a stream."""
    answer = context.final_output
    if answer is None:
        return []
    make = server._make_response_output_items
    if "parser" in inspect.signature(make).parameters:
        return make(request, answer.outputs[0], tokenizer, context.response_parser)
    return make(request, answer.outputs[0], tokenizer)


def respond_with_shown_items(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make the response of a stream of what it has shown."""

    @functools.wraps(original)
    async def responses_full_generator(
        self: Any,
        request: Any,
        sampling_params: Any,
        result_generator: Any,
        context: Any,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        token = _output.set(_shown.pop(context, None))
        try:
            return await original(
                self,
                request,
                sampling_params,
                result_generator,
                context,
                *args,
                **kwargs,
            )
        finally:
            _output.reset(token)

    return responses_full_generator


def take_shown_items(original: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """Parse an answer only if no stream has shown its items."""

    @functools.wraps(original)
    def _make_response_output_items(self: Any, *args: Any, **kwargs: Any) -> list[Any]:
        shown = _output.get()
        return original(self, *args, **kwargs) if shown is None else shown

    return _make_response_output_items
