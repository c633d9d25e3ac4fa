"""Is a preamble labelled as one?"""

from openai_harmony import Message, Role
from vllm.entrypoints.openai.responses import harmony


def fault() -> str | None:
    """What phase the item of a preamble has."""
    preamble = Message.from_role_and_content(Role.ASSISTANT, "probe")
    item = harmony._parse_final_message(preamble.with_channel("commentary"))
    phase = getattr(item, "phase", None)
    if phase != "commentary":
        return f"the message item of a preamble has the phase {phase}"
    return None
