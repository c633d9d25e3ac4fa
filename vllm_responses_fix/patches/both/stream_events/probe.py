"""Are the events of a stream those that OpenAI has?"""

from collections.abc import AsyncIterator
from typing import Any

from vllm.entrypoints.openai.responses import streaming_events
from vllm.entrypoints.openai.responses.context import SimpleContext

from vllm_responses_fix.probing import answering, finished, server, streamed


def fault() -> str | None:
    """The event of a stream with reasoning that only vLLM knows."""
    context = SimpleContext()
    serving = server()
    # Its own needs a parser of reasoning; the events are made in the same place.
    serving._process_simple_streaming_events = _reasoning
    events = finished(streamed(serving, context, answering(context)))
    names = [event.type for event in events]
    own = [name for name in names if "reasoning_part" in name]
    if own:
        return f"a stream has events that OpenAI's SDKs do not know: {', '.join(own)}"
    return None


async def _reasoning(
    _: Any, __: Any, generated: AsyncIterator[Any], *___: Any
) -> AsyncIterator[Any]:
    async for _ in generated:
        state = streaming_events.StreamingState()
        for event in streaming_events.emit_reasoning_delta_events("probe", state):
            yield event
