"""Are all details of the usage of a response numbers?"""

from collections.abc import AsyncIterator
from typing import Any

from vllm.entrypoints.openai.responses.context import SimpleContext
from vllm.sampling_params import SamplingParams

from vllm_responses_fix.probing import answered, finished, request, server


def fault() -> str | None:
    """The details of one answer that are empty lists."""
    context = SimpleContext()
    context.append_output(answered())
    response = finished(
        server().responses_full_generator(
            request("probe", store=False),
            SamplingParams(max_tokens=1),
            _nothing(),
            context,
            "probe",
            None,
            None,
        )
    )
    usage = response.model_dump(mode="json", by_alias=True)["usage"]
    for details in (usage["input_tokens_details"], usage["output_tokens_details"]):
        empty = [name for name, value in details.items() if value == []]
        if empty:
            return f"{', '.join(empty)} of usage are empty lists, not numbers"
    return None


async def _nothing() -> AsyncIterator[Any]:
    empty: tuple[Any, ...] = ()
    for item in empty:
        yield item
