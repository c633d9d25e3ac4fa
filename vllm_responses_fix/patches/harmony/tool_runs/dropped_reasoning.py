"""Calls that the server ran itself stay in the conversation, with their results."""

from openai_harmony import Message

from .whole_rendering import is_reasoning


def auto_drop_analysis_messages(msgs: list[Message]) -> list[Message]:
    """Leave out the reasoning before the assistant's last message to the final channel.

    Harmony models expect that of their raw chain of thought. The openai-harmony library
    does it only if that message is the very last of the assistant, and knows nothing of
    reasoning that a client gave back from earlier turns.

    Not all that stands on the analysis channel is reasoning: the built-in tools are
    called there, and answer there.
    """
    last_assistant_final_index = -1
    for i in range(len(msgs) - 1, -1, -1):
        msg = msgs[i]
        if msg.author.role == "assistant" and msg.channel == "final":
            last_assistant_final_index = i
            break

    return [
        msg
        for i, msg in enumerate(msgs)
        if i >= last_assistant_final_index or not is_reasoning(msg)
    ]
