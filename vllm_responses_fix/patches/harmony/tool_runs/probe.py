"""Do runs of built-in tools stay in the prompt?"""

from typing import Any

from openai_harmony import Author, Message, Role
from vllm.entrypoints.openai.parser import harmony_utils


def fault() -> str | None:
    """What is left of a conversation with a run of a built-in tool."""
    asked = Message.from_role_and_content(Role.USER, "probe")
    call = Message.from_role_and_content(Role.ASSISTANT, "1 + 1")
    result = Message.from_author_and_content(Author.new(Role.TOOL, "python"), "2")
    answer = Message.from_role_and_content(Role.ASSISTANT, "2")
    conversation = [
        asked,
        call.with_channel("analysis").with_recipient("python"),
        result.with_channel("analysis"),
        answer.with_channel("final"),
    ]
    left = _rendered(conversation)
    if left != conversation:
        return (
            f"{len(conversation) - len(left)} of {len(conversation)} messages are left "
            "out of a prompt, with a run of a built-in tool"
        )
    return None


def _rendered(conversation: list[Message]) -> list[Message]:
    original = harmony_utils.get_encoding
    harmony_utils.get_encoding = _Encoding
    try:
        harmony_utils.render_for_completion(conversation)
    except _RenderedError as rendered:
        return rendered.messages
    finally:
        harmony_utils.get_encoding = original
    return []


class _RenderedError(Exception):
    def __init__(self, messages: list[Message]) -> None:
        super().__init__(messages)
        self.messages = messages


class _Encoding:
    """Goes no further than what is to be rendered: the real one loads a vocabulary."""

    def render_conversation_for_completion(
        self, conversation: Any, _: Any, config: Any = None
    ) -> list[int]:
        # openai_harmony leaves out the analysis channel, unless it is told not to.
        drops = config is None or config.auto_drop_analysis
        raise _RenderedError(
            [
                m
                for m in conversation.messages
                if not (drops and m.channel == "analysis")
            ]
        )
