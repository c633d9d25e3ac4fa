"""What a stream has shown, and what it has still to show."""

import functools
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import Any

from openai.types.responses.response_output_text import Logprob, LogprobTopLogprob
from vllm.entrypoints.openai.responses import streaming_events


def show_stream(
    original: Callable[..., AsyncGenerator[Any, None]],
    whole: Callable[[Any, Any, Any, Any], list[Any] | None],
    keep: Callable[[Any, list[Any]], None],
) -> Callable[..., AsyncGenerator[Any, None]]:
    """Let a stream show the items of its whole answer.

    Args:
        original: vLLM's `_process_simple_streaming_events`.
        whole: makes the items of the whole answer, of the server, the request, the
            context and the tokenizer; see `Stream.end`.
        keep: is given the context and the items that were shown.
    """

    @functools.wraps(original)
    async def _process_simple_streaming_events(
        self: Any,
        request: Any,
        sampling_params: Any,
        result_generator: Any,
        context: Any,
        model_name: str,
        tokenizer: Any,
        request_metadata: Any,
        created_time: int,
        number: Callable[[Any], Any],
    ) -> AsyncGenerator[Any, None]:
        stream = Stream()
        events = original(
            self,
            request,
            sampling_params,
            result_generator,
            context,
            model_name,
            tokenizer,
            request_metadata,
            created_time,
            # An event gets its number when it is sent.
            lambda event: event,
        )
        async with aclosing(events):
            async for event in events:
                for shown in stream.show(event):
                    yield number(shown)
        for shown in stream.end(whole(self, request, context, tokenizer)):
            yield number(shown)
        keep(context, stream.items)

    return _process_simple_streaming_events


class Stream:
    """The events of a stream on their way to the client.

    Attributes:
        items: those whose `response.output_item.done` was sent, as it was.
    """

    def __init__(self) -> None:
        self.items: list[Any] = []
        # Events of a message that is white space so far, and those that close an item.
        self._blank: list[Any] = []
        self._closing: list[Any] = []
        self._logprobs: list[Logprob] = []
        self._left_out = 0

    def show(self, event: Any) -> Iterator[Any]:
        """What can be sent now that `event` is there."""
        is_closing = event.type.endswith(".done")
        if not is_closing:
            yield from self._closed()
        event.output_index -= self._left_out
        if is_closing:
            self._closing.append(event)
            return
        if event.type == "response.output_text.delta":
            self._logprobs += map(_stored_logprob, event.logprobs)
        opened = event.type == "response.output_item.added"
        if self._blank or (opened and event.item.type == "message"):
            self._blank.append(event)
            if event.type != "response.output_text.delta" or not event.delta.strip():
                return
            yield from self._blank
            self._blank = []
        else:
            yield event

    def end(self, whole: list[Any] | None) -> Iterator[Any]:
        """What is left to be sent, when nothing more is generated.

        The last item is continued, and items follow, where that makes the stream show
        what is in `whole`: a parser may hold back what could become a call, or miss
        one. What it has shown otherwise can't be taken back; calls that are in `whole`
        alone follow it, as the response of stock vLLM has them.

        Args:
            whole: the items of the whole answer, as without a stream. If they are not
                known, nothing is added.
        """
        if whole is None:
            # White space is all that there is.
            if not self.items:
                yield from self._blank
                self._blank = []
            yield from self._closed()
            return
        last = self._closing[-1].item if self._closing and not self._blank else None
        shown = [*self.items, last] if last else self.items
        is_beginning = [*map(_kind, shown)] == [*map(_kind, whole[: len(shown)])]
        if last and is_beginning:
            rest = _text(whole[len(shown) - 1])
            if rest.startswith(_text(last)) and rest != _text(last):
                yield from self._continue(last, rest[len(_text(last)) :])
        yield from self._closed()
        if is_beginning:
            left_out = whole[len(self.items) :]
        else:
            left_out = _calls_left_out(whole, self.items)
        for item in left_out:
            yield from _events(item, len(self.items))
            self.items.append(item)

    def _continue(self, item: Any, rest: str) -> Iterator[Any]:
        """Show the rest of an item, and close it anew."""
        state = streaming_events.SimpleStreamingState(
            output_index=len(self.items),
            current_item_id=item.id,
            accumulated_text=_text(item),
            tool_call_id=getattr(item, "call_id", ""),
            tool_call_name=getattr(item, "name", ""),
        )
        _, delta, done = _EMITTERS[item.type]
        yield from delta(state, rest)
        namespace = getattr(item, "namespace", None)
        self._closing = done(state)
        self._closing[-1].item.status = item.status
        if namespace is not None:
            self._closing[-1].item.namespace = namespace

    def _closed(self) -> Iterator[Any]:
        """The events that close an item, if one is to be closed."""
        if self._closing and self._blank:
            # White space alone is no message, as in an answer that is not streamed.
            self._left_out += 1
        elif self._closing:
            item = self._closing[-1].item
            _as_stored(item, self._logprobs)
            self.items.append(item)
            yield from self._closing
        else:
            return
        self._blank = []
        self._closing = []
        self._logprobs = []


def _calls_left_out(whole: list[Any], shown: list[Any]) -> list[Any]:
    """The calls of a whole answer that its stream has not shown.

    No more than it has shown too few: one that it reads otherwise is not left out.
    """
    calls = [item for item in whole if item.type == "function_call"]
    names = Counter(item.name for item in shown if item.type == "function_call")
    too_few = len(calls) - names.total()
    left_out = []
    for call in calls:
        if names[call.name]:
            names[call.name] -= 1
        else:
            left_out.append(call)
    return left_out[: max(0, too_few)]


def _events(item: Any, index: int) -> list[Any]:
    """The events that show a whole item."""
    state = streaming_events.SimpleStreamingState(output_index=index)
    open, delta, done = _EMITTERS[item.type]
    is_call = item.type == "function_call"
    opening = open(state, item.name, None) if is_call else open(state)
    state.current_item_id = item.id
    for event in opening:
        if event.type == "response.output_item.added":
            event.item.id = item.id
            if is_call:
                event.item.call_id = item.call_id
        else:
            event.item_id = item.id
    deltas = delta(state, _text(item)) if _text(item) else []
    closing = done(state)
    closing[-1].item = item
    return [*opening, *deltas, *closing]


_EMITTERS: dict[str, Any] = {
    "message": (
        streaming_events.emit_simple_content_open,
        streaming_events.emit_simple_content_delta,
        streaming_events.emit_simple_content_done,
    ),
    "reasoning": (
        streaming_events.emit_simple_reasoning_open,
        streaming_events.emit_simple_reasoning_delta,
        streaming_events.emit_simple_reasoning_done,
    ),
    "function_call": (
        streaming_events.emit_simple_tool_call_open,
        streaming_events.emit_simple_tool_call_delta,
        streaming_events.emit_simple_tool_call_done,
    ),
}


def _kind(item: Any) -> tuple[str, ...]:
    return (item.type, getattr(item, "name", ""))


def _text(item: Any) -> str:
    if item.type == "function_call":
        return item.arguments
    return "".join(part.text for part in item.content or ())


def _as_stored(item: Any, logprobs: list[Logprob]) -> None:
    """Give the item of an event what the response has of it beyond the event."""
    if item.type != "message":
        return
    # No field of a message; OpenAI's has none.
    (item.__pydantic_extra__ or {}).pop("summary", None)
    for part in item.content:
        part.logprobs = part.logprobs or logprobs or None


def _stored_logprob(shown: Any) -> Logprob:
    """What the response says of a token, of what a delta does.

    Source: vLLM 0.31.0, `_create_response_logprobs`.
    """
    return Logprob(
        token=shown.token,
        logprob=shown.logprob,
        bytes=_bytes(shown.token),
        top_logprobs=[
            LogprobTopLogprob(
                token=other.token, logprob=other.logprob, bytes=_bytes(other.token)
            )
            for other in shown.top_logprobs or ()
        ],
    )


def _bytes(token: str) -> list[int]:
    return list(token.encode("utf-8", errors="replace"))
