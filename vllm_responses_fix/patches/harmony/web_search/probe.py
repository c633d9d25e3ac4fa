"""Is a search of the web streamed as that, and as nothing else?"""

import inspect
from types import SimpleNamespace
from typing import Any

from openai_harmony import Message, Role
from vllm.entrypoints.openai.responses import streaming_events

_CALL = '{"query": "probe"}'


def fault() -> str | None:
    """The types of the items that are opened for one call of the browser."""
    state = streaming_events.StreamingState()
    events = _delta(state)
    call = (
        Message.from_role_and_content(Role.ASSISTANT, _CALL)
        .with_channel("analysis")
        .with_recipient("browser.search")
    )
    events += streaming_events.emit_previous_item_done_events(call, state)
    opened = [e.item.type for e in events if e.type == "response.output_item.added"]
    if opened != ["web_search_call"]:
        return f"a search of the web is streamed as {', '.join(opened) or 'nothing'}"
    return None


def _delta(state: Any) -> list[Any]:
    emit = streaming_events.emit_content_delta_events
    if "segment" in inspect.signature(emit).parameters:
        segment = SimpleNamespace(
            delta=_CALL, channel="analysis", recipient="browser.search"
        )
        return emit(segment, state)
    parser = SimpleNamespace(
        current_channel="analysis", current_recipient="browser.search"
    )
    context = SimpleNamespace(
        last_content_delta=_CALL, parser=parser, function_tool_names=frozenset()
    )
    return emit(context, state)
