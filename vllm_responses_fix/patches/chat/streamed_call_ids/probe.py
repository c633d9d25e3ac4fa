"""Has a streamed call the id that its tool parser gave it?"""

from vllm.entrypoints.openai.responses.streaming_events import (
    DeltaMessage,
    SimpleStreamingEventProcessor,
)


def fault() -> str | None:
    """Streams a call whose id is known, and looks at that of its items."""
    call = {"index": 0, "id": "probe", "function": {"name": "probe"}}
    delta = DeltaMessage.model_validate({"tool_calls": [call]})
    processor = SimpleStreamingEventProcessor()
    events = processor.open(*processor.resolve_target_state(delta))
    events += processor.close_current()
    for item in (event.item for event in events if hasattr(event, "item")):
        if item.call_id != "probe":
            return f"a call with the id 'probe' is streamed as {item.call_id}"
    return None
