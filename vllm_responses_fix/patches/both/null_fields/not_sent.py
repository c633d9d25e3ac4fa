"""A field that is null has not been sent."""

import functools
from typing import Any


def without_nulls(original: Any) -> Any:
    """Leave out of a request what is null, before anything looks at it.

    Source: OpenAI's schema of the request, where null is the default. vLLM's own
    fields are no different. `input` has no default: null stays wrong.
    """
    check = original.__func__

    @functools.wraps(check)
    def check_tool_usage(cls: Any, data: Any) -> Any:
        if isinstance(data, dict):
            data = {
                name: value
                for name, value in data.items()
                if value is not None or name == "input"
            }
        return check(cls, data)

    return classmethod(check_tool_usage)
