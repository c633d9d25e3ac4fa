"""Is the first part of every item of a stream counted as 0?"""

from vllm.entrypoints.openai.responses import streaming_events


def fault() -> str | None:
    """The index of a message's only part, in a stream that began with reasoning."""
    state = streaming_events.StreamingState()
    streaming_events.emit_reasoning_delta_events("probe", state)
    state.reset_for_new_item()
    events = streaming_events.emit_text_delta_events("probe", state)
    indices = {e.content_index for e in events if hasattr(e, "content_index")}
    if indices != {0}:
        return f"the only part of a message has the indices {sorted(indices)}"
    return None
