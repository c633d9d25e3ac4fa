"""Does a server find a response that is not in its memory, but in a store?"""

import asyncio
from typing import Any

from vllm.entrypoints.openai.responses.protocol import ResponsesResponse
from vllm.sampling_params import SamplingParams

from vllm_responses_fix.probing import finished, request, server
from vllm_responses_fix.store.memory import MemoryStore
from vllm_responses_fix.store.record import Record
from vllm_responses_fix.stored.body import Added, encode
from vllm_responses_fix.stored.conversations import attach

_ID = "resp_probe"


def fault() -> str | None:
    """Asks for a response that another process might have stored."""
    store = MemoryStore(ttl=60.0, max_bytes=1 << 20)
    store.put(Record(_ID, "", None, "completed", encode(_stored())))
    asked: Any = server()
    asked.response_store_lock = asyncio.Lock()
    # What a 404 says is another patch's.
    asked._make_not_found_error = lambda _: None
    attach(asked, store)
    found = finished(asked.retrieve_responses(_ID, starting_after=None, stream=False))
    if getattr(found, "id", None) != _ID:
        return "responses are in the memory of one process, for ever"
    return None


def _stored() -> Added:
    response = ResponsesResponse.from_request(
        request("probe", request_id=_ID),
        SamplingParams(max_tokens=1),
        model_name="probe",
        created_time=0,
        output=[],
        status="completed",
    )
    return Added("probe", response.model_dump(mode="json", by_alias=True))
