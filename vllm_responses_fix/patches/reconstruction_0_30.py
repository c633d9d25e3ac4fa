"""As `reconstruction_0_22`, for releases in which OnlineRenderer builds the messages.

It is given a copy of the stored list, so what has to outlast a turn is on the messages
(`InstructionsMessage`).
"""

from .reconstruction_0_22 import (
    construct_chat_messages_with_tool_call,
    construct_input_messages,
)

__all__ = ["construct_chat_messages_with_tool_call", "construct_input_messages"]
