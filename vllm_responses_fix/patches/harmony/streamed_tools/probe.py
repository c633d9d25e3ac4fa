"""Is what a tool returned in the conversation of a stream?"""

from typing import Any

from openai_harmony import Author, Message, Role
from vllm.entrypoints.openai.responses import context

from vllm_responses_fix.probing import Anything


def fault() -> str | None:
    """What a streaming context does with the result of a built-in tool."""
    streaming = getattr(context, "StreamingHarmonyContext", None)
    if streaming is None:
        # A stream has the context of any other response.
        return None
    # Its constructor loads the Harmony vocabulary.
    made: Any = streaming.__new__(streaming)
    made.encoding = _Encoding()
    made.parser = Anything()
    made._messages = []
    result = Message(author=Author(role=Role.TOOL, name="python"), content=[])
    made.append_tool_output([result])
    if made._messages != [result]:
        return "the result of a built-in tool is not in the conversation of a stream"
    return None


class _Encoding:
    def render(self, _: Message) -> list[int]:
        return [0]
