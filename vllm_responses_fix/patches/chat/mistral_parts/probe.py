"""Are the parts of chat messages those of a chat?"""

from typing import Any

from vllm.entrypoints.openai.responses import utils

from vllm_responses_fix.probing import items

_MESSAGE: dict[str, Any] = {
    "role": "user",
    "content": [{"type": "input_text", "text": "probe"}],
}


def fault() -> str | None:
    """The type of a part that Mistral's tokenizer mode refuses."""
    (message,) = utils.construct_chat_messages_with_tool_call(items([_MESSAGE]))
    content: Any = message.get("content")
    if isinstance(content, list) and content[0]["type"] != "text":
        return f"a chat message has a part of type {content[0]['type']!r}"
    return None
