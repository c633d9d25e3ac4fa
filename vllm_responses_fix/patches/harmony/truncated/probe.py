"""Is what a model was saying when it was cut short in its conversation?"""

from types import SimpleNamespace
from typing import Any

from openai_harmony import Role

from vllm_responses_fix.probing import server


def fault() -> str | None:
    """What becomes of a message that the model did not end."""
    serving = server()
    if not hasattr(serving, "_make_response_output_items_with_harmony"):
        # The context appends what its parser holds, as the output comes in.
        return None
    parser = SimpleNamespace(
        current_content="probe",
        current_role=Role.ASSISTANT,
        current_channel="final",
        current_recipient=None,
        current_content_type=None,
    )
    messages: list[Any] = []
    context = SimpleNamespace(
        messages=messages,
        num_init_messages=0,
        parser=parser,
        function_tool_names=frozenset(),
    )
    serving._make_response_output_items_with_harmony(context)
    if not messages:
        return "text that was cut short is in the response, but not in the conversation"
    return None
