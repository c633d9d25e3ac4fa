"""Is the item of a stream stored under the id that its events carried?"""

from collections.abc import AsyncIterator
from typing import Any

from vllm.entrypoints.openai.responses.context import SimpleContext
from vllm.sampling_params import SamplingParams

from vllm_responses_fix.probing import answered, finished, request, server


def fault() -> str | None:
    """Streams one answer, and compares the ids of its events and its response."""
    events = finished(_events())
    streamed = [event.item.id for event in events if hasattr(event, "item")]
    stored = [item.id for item in events[-1].response.output]
    if set(streamed) != set(stored):
        return f"an item is streamed as {streamed[0]} and stored as {stored[0]}"
    return None


async def _events() -> list[Any]:
    context = SimpleContext()
    events = server().responses_stream_generator(
        request("probe", stream=True, store=False),
        SamplingParams(max_tokens=1),
        _generated(context),
        context,
        "probe",
        None,
        None,
    )
    return [event async for event in events]


async def _generated(context: SimpleContext) -> AsyncIterator[SimpleContext]:
    context.append_output(answered())
    yield context
