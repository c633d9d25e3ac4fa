"""What a built-in tool returned is in the conversation of a stream, too."""

from openai_harmony import Message, Role
from vllm.entrypoints.openai.responses.context import StreamingHarmonyContext


def streaming_harmony_context_append_tool_output(
    self: StreamingHarmonyContext, output: list[Message]
) -> None:
    """Take what a tool returned into a streaming context.

    The next generation of this request is rendered from these messages, and later
    turns of the conversation are built from them.

    Source: the TODO in `StreamingHarmonyContext.append_tool_output` of 0.21.0.
    """
    for msg in output:
        # Sometimes the recipient is not set for tool messages,
        # so we set it to "assistant"
        if msg.author.role == Role.TOOL and msg.recipient is None:
            msg.recipient = "assistant"
        toks = self.encoding.render(msg)
        for tok in toks:
            self.parser.process(tok)
        self.last_tok = toks[-1]
    self._messages.extend(output)
