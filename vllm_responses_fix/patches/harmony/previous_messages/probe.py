"""Is a Harmony message that is sent back the one that was sent?"""

from openai_harmony import Message, Role
from vllm.entrypoints.openai.responses import harmony


def fault() -> str | None:
    """What of a message's header is lost."""
    sent = (
        Message.from_role_and_content(Role.ASSISTANT, "probe")
        .with_channel("commentary")
        .with_recipient("functions.probe")
    )
    (read,) = harmony.response_previous_input_to_harmony(sent.to_dict())
    if (read.channel, read.recipient) != (sent.channel, sent.recipient):
        return f"a message that is sent back has lost its header: {read.to_dict()}"
    return None
