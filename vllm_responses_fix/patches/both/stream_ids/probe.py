"""Is the item of a stream stored under the id that its events carried?"""

from vllm.entrypoints.openai.responses.context import SimpleContext

from vllm_responses_fix.probing import answering, finished, server, streamed


def fault() -> str | None:
    """Streams one answer, and compares the ids of its events and its response."""
    context = SimpleContext()
    events = finished(streamed(server(), context, answering(context)))
    shown = [event.item.id for event in events if hasattr(event, "item")]
    stored = [item.id for item in events[-1].response.output]
    if set(shown) != set(stored):
        return f"an item is streamed as {shown[0]} and stored as {stored[0]}"
    return None
