"""Has a function call that the model has ended a status?"""

from vllm_responses_fix.probing import harmony_call


def fault() -> str | None:
    """The status of a call."""
    item = harmony_call("probe", "commentary")
    if item.status is None:
        return "a call that has ended has no status"
    return None
