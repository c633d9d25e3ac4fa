"""Is a chained request on an unfinished response refused?"""

from vllm.entrypoints.openai.responses.protocol import ResponsesResponse

from vllm_responses_fix.probing import request, server


def fault() -> str | None:
    """What happens to a request that continues a queued response."""
    serving = server()
    serving.response_store["resp_probe"] = ResponsesResponse.model_construct(
        id="resp_probe", status="queued", output=[]
    )
    chained = request("probe", previous_response_id="resp_probe")
    if serving._validate_create_responses_input(chained) is None:
        return "a response that is still queued can be continued, as if it said nothing"
    return None
