"""Whether a message is continued is decided by the conversation's last item."""

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

# The output that a request continues without any input of its own. vLLM makes the
# messages of a request before it asks how to render them, in the same task.
_continued: ContextVar[list[Any]] = ContextVar("_continued")


def remember_previous_output(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keep the output that a conversation ends with, for `look_at_previous_output`."""

    @functools.wraps(original)
    def construct_input_messages(*, request_input: Any, **arguments: Any) -> Any:
        output = arguments.get("prev_response_output")
        _continued.set(output if request_input == [] and output else [])
        return original(request_input=request_input, **arguments)

    return construct_input_messages


def look_at_previous_output(original: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Decide by the previous response's output, where the input is empty."""

    @functools.wraps(original)
    def should_continue_final_message(request_input: Any) -> bool:
        return original(request_input or _continued.get([]))

    return should_continue_final_message
