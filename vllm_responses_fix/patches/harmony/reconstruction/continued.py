"""A conversation that goes on: from vLLM 0.23 on, what all releases do alike.

A request without instructions takes the system or developer item that its conversation
begins with for them, and the item is then no message of its own. A chained request has
that item in the input of an earlier one, so it is kept apart until it is known whether
the current request has instructions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openai.types.responses import ResponseFunctionToolCall, ResponseOutputItem
from openai_harmony import Message
from vllm.entrypoints.openai.parser import harmony_utils
from vllm.entrypoints.openai.responses import harmony
from vllm.entrypoints.openai.responses.protocol import (
    ResponseInputOutputItem,
    ResponsesRequest,
)

from .history import (
    FirstMessage,
    calls_answered_by,
    calls_in_chat_messages,
    give_call_ids,
    messages_of,
    request_message,
    stored_conversation,
)


class FirstMessageWithOpening(FirstMessage):
    """The system message of a prompt.

    Attributes:
        opening: the system or developer item that the conversation begins with, which
            is taken for the instructions of a request that has none.
        opening_index: where it stands in the conversation.
    """

    opening: dict[str, Any] | None
    opening_index: int


@dataclass
class ContinuedConversation:
    """The conversation so far and a request that continues it.

    Attributes:
        request: the request.
        messages: the conversation, without what was made from the parameters of
            earlier requests and without its opening.
        outputs: the output items of the response that is continued.
        new_input: the input of the request, without the opening.
        opening: the system or developer item that the conversation begins with.
        opening_index: where it stands among the messages.
    """

    request: ResponsesRequest
    messages: list[Message]
    outputs: list[ResponseOutputItem]
    new_input: str | list[ResponseInputOutputItem]
    opening: dict[str, Any] | None
    opening_index: int

    @property
    def instructions(self) -> str | None:
        """The instructions that are to be put before the conversation."""
        if self.request.instructions is not None or self.opening is None:
            return self.request.instructions
        instructions, _ = harmony_utils.extract_instructions_from_messages(
            [self.opening]
        )
        return instructions

    def prompt(self, preamble: list[Message]) -> list[Message]:
        """The Harmony messages of the request.

        Args:
            preamble: the system message, and perhaps a developer message, made from
                the request's parameters.

        Returns:
            A new list. Its messages may be those of a stored conversation, which
            nobody may change.

        Raises:
            VLLMValidationError, ValueError: an item has no place in a prompt, or is
                the result of a call that the conversation does not have. A 400.
        """
        sys_msg, *others = preamble
        rest = [
            *map(request_message, others),
            *self._conversation(),
            *self._new_messages(),
        ]
        first = FirstMessageWithOpening.model_construct(
            **vars(sys_msg),
            opening=self.opening,
            opening_index=self.opening_index,
            prompt_length=1 + len(rest),
        )
        return [first, *rest]

    def _conversation(self) -> list[Message]:
        if self.opening is None or self.request.instructions is None:
            return self.messages
        # Made anew for each request, as the next one may take it for instructions.
        opening = map(request_message, messages_of(self.opening, []))
        index = self.opening_index
        return [*self.messages[:index], *opening, *self.messages[index:]]

    def _new_messages(self) -> list[Message]:
        # Responses API supports simple text inputs without chat format.
        if isinstance(self.new_input, str):
            # previous_input_messages may be the whole conversation.
            if self.new_input or not self.request.previous_input_messages:
                return [harmony_utils.get_user_message(self.new_input)]
            return []
        known_calls: list[Any] = list(calls_answered_by(self.new_input, self.messages))
        known_calls += self.outputs
        messages: list[Message] = []
        for item in self.new_input:
            messages += messages_of(item, known_calls)
            if isinstance(item, ResponseFunctionToolCall):
                known_calls.append(item)
        return messages


def continued_conversation(
    request: ResponsesRequest,
    previous_messages: list[Message] | None,
    previous_outputs: Sequence[ResponseOutputItem] | None,
) -> ContinuedConversation:
    """The conversation that a request continues, or begins.

    Args:
        request: the request.
        previous_messages: what is stored of the response that it names, if any.
        previous_outputs: the output items of that response.

    Source: vLLM #43244; the FIXME in `_construct_input_messages_with_harmony` of
    0.29.0 on ignored request parameters.
    """
    outputs = list(previous_outputs or ())
    if previous_messages is None:
        messages = harmony.construct_harmony_previous_input_messages(request)
        give_call_ids(messages, calls_in_chat_messages(request))
    else:
        messages = stored_conversation(previous_messages, outputs)
        first = previous_messages[0]
        if isinstance(first, FirstMessageWithOpening) and first.opening is not None:
            return ContinuedConversation(
                request,
                messages,
                outputs,
                request.input,
                first.opening,
                first.opening_index,
            )
    new_input, opening = request.input, None
    begins = previous_messages is None or not messages
    if begins and isinstance(new_input, list) and new_input and _opens(new_input[0]):
        opening, *new_input = new_input
    return ContinuedConversation(
        request, messages, outputs, new_input, opening, len(messages)
    )


def _opens(item: ResponseInputOutputItem) -> bool:
    return isinstance(item, dict) and item.get("role") in ("system", "developer")
