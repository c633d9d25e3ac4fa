"""Is a field that is null taken for its default?"""

from vllm_responses_fix.probing import request

_FIELDS = ("service_tier", "tools", "tool_choice", "store", "truncation", "background")


def fault() -> str | None:
    """The fields of which null is something else."""
    default = request("probe")
    other = [name for name in _FIELDS if _null(name) != getattr(default, name)]
    if not other:
        return None
    return f"null is refused, or is not the default, for {', '.join(other)}"


def _null(name: str) -> object:
    try:
        return getattr(request("probe", **{name: None}), name)
    except ValueError:
        return ValueError
