"""Calls that the server ran itself stay in the conversation, with their results."""

from openai_harmony import Conversation, Message, RenderConversationConfig, Role
from vllm.entrypoints.openai.parser import harmony_utils


def render_for_completion(messages: list[Message]) -> list[int]:
    """Render messages, without reasoning that led to a final answer.

    The openai-harmony library takes for reasoning whatever stands on the analysis
    channel. The built-in tools are called there, and answer there.
    """
    conversation = Conversation.from_messages(without_concluded_reasoning(messages))
    return harmony_utils.get_encoding().render_conversation_for_completion(
        conversation,
        Role.ASSISTANT,
        config=RenderConversationConfig(auto_drop_analysis=False),
    )


def without_concluded_reasoning(messages: list[Message]) -> list[Message]:
    """Leave out the reasoning before the first final message.

    Only if the assistant's last message was a final one: in the middle of a turn that
    calls functions, the model sees its reasoning.

    Source: `render_conversation_into` of openai_harmony (encoding.rs), and the Harmony
    format on what to do with reasoning in later turns.
    """
    for message in reversed(messages):
        if message.author.role == Role.ASSISTANT:
            if message.channel != "final":
                return messages
            break
    else:
        return messages
    first_final = next(
        index for index, message in enumerate(messages) if message.channel == "final"
    )
    kept = [message for message in messages[:first_final] if not is_reasoning(message)]
    return kept + messages[first_final:]


def is_reasoning(message: Message) -> bool:
    return (
        message.channel == "analysis"
        and message.recipient is None
        and message.author.role == Role.ASSISTANT
    )
