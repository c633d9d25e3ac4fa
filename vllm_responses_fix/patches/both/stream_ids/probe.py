"""Is the item of a stream stored under the id that its events carried?"""

from collections.abc import AsyncIterator
from typing import Any

from vllm.entrypoints.openai.responses.context import SimpleContext
from vllm.outputs import CompletionOutput, RequestOutput
from vllm.sampling_params import SamplingParams

from vllm_responses_fix.probing import finished, request, server


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
    said = CompletionOutput(
        index=0,
        text="probe",
        token_ids=[1],
        cumulative_logprob=None,
        logprobs=None,
        finish_reason="stop",
    )
    context.append_output(
        RequestOutput(
            request_id="probe",
            prompt="probe",
            prompt_token_ids=[0],
            prompt_logprobs=None,
            outputs=[said],
            finished=True,
        )
    )
    yield context
