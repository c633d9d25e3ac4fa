"""Are messages rendered again that were in a prompt before?"""

import json
from typing import Any

from openai_harmony import (
    Conversation,
    HarmonyEncoding,
    Message,
    RenderConversationConfig,
    Role,
)
from vllm.entrypoints.openai.parser import harmony_utils


def fault() -> str | None:
    """How many messages of a prompt are rendered a second time."""
    inner = _Inner()
    loaded = harmony_utils._harmony_encoding
    harmony_utils._harmony_encoding = HarmonyEncoding(inner)
    try:
        encoding = harmony_utils.get_encoding()
        asked = [Message.from_role_and_content(Role.USER, f"probe {n}") for n in (1, 2)]
        for number in (1, 2):
            inner.rendered.clear()
            found = encoding.render_conversation_for_completion(
                Conversation.from_messages(asked[:number]),
                Role.ASSISTANT,
                config=RenderConversationConfig(auto_drop_analysis=False),
            )
    finally:
        harmony_utils._harmony_encoding = loaded
    if len(found) != 3:
        return f"a prompt of two messages and a start is rendered as {found}"
    if len(inner.rendered) > 1:
        return f"{len(inner.rendered)} messages are rendered, of which one is new"
    return None


class _Inner:
    """In the place of the real encoding, which loads a vocabulary."""

    def __init__(self) -> None:
        self.rendered: list[Any] = []

    def render(self, message_json: str, **_: Any) -> list[int]:
        self.rendered.append(json.loads(message_json))
        return [len(message_json)]

    def render_conversation_for_completion(
        self, conversation_json: str, **_: Any
    ) -> list[int]:
        messages = json.loads(conversation_json)["messages"]
        return [self.render(json.dumps(message))[0] for message in messages] + [0]
