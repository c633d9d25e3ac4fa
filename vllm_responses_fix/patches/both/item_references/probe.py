"""Is a reference to a stored item looked up?"""

from vllm_responses_fix.probing import finished, request, server

_REFERENCE = {"type": "item_reference", "id": "msg_probe"}


def fault() -> str | None:
    """Asks a server that stores nothing for an item."""
    serving = server()
    # What is done with a request that is all right.
    serving._create_responses = lambda *_: None
    try:
        answer = finished(serving.create_responses(request([_REFERENCE])))
    except Exception as error:
        # It went on to a model that is not there.
        return f"a reference to an item is not looked up: {error!r}"
    if _REFERENCE["id"] not in answer.error.message:
        return f"a reference to an item is not looked up: {answer.error.message}"
    return None
