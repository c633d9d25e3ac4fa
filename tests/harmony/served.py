"""A conversation with gpt-oss without HTTP and engine, by vLLM's own functions.

What the model writes is parsed from tokens, and prompts are tokens again.
"""

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

from harness.client import Item
from harness.harmony_encoding import harmony_encoding
from vllm.entrypoints.openai.responses import serving
from vllm.entrypoints.openai.responses.context import (
    HarmonyContext,
    StreamingHarmonyContext,
)
from vllm.entrypoints.openai.responses.protocol import (
    ResponsesRequest,
    ResponsesResponse,
)
from vllm.outputs import CompletionOutput, RequestOutput


class Served:
    """The part of the serving object that builds prompts and stores what was said."""

    def __init__(self) -> None:
        harmony_encoding()
        # Its constructor wants an engine.
        self._serving = serving.OpenAIServingResponses.__new__(
            serving.OpenAIServingResponses
        )
        self._serving.tool_server = None
        self._serving.msg_store = {}
        self._responses: dict[str | None, Any] = {None: None}
        self._numbers = count()

    def messages(self, body: dict[str, Any]) -> list[Any]:
        """The Harmony messages of a request."""
        request = ResponsesRequest.model_validate_json(json.dumps(body))
        previous = self._responses[request.previous_response_id]
        return self._serving._construct_input_messages_with_harmony(request, previous)

    def prompt(self, body: dict[str, Any]) -> list[int]:
        """The token ids that a request puts before the model."""
        return serving.render_for_completion(self.messages(body))

    def answer(
        self, body: dict[str, Any], token_ids: Sequence[int], *, stream: bool = False
    ) -> tuple[str, list[Item]]:
        """Let the model answer a request.

        Returns:
            The id of the stored response, and its output items on the wire.
        """
        context: HarmonyContext
        if stream:
            context = StreamingHarmonyContext(self.messages(body), [])
            for token_id in token_ids:
                context.append_output(_generated([token_id]))
        else:
            context = HarmonyContext(self.messages(body), [])
            context.append_output(_generated(token_ids))
        output = self._serving._make_response_output_items_with_harmony(context)
        response_id = f"resp_{next(self._numbers)}"
        self._serving.msg_store[response_id] = context.messages
        self._responses[response_id] = ResponsesResponse.model_construct(
            id=response_id, output=output, status="completed"
        )
        return response_id, [item.model_dump(mode="json") for item in output]

    def stored(self, response_id: str) -> str:
        """All that is stored of a conversation, to be compared."""
        return json.dumps(
            [message.to_dict() for message in self._serving.msg_store[response_id]]
        )


def _generated(token_ids: Sequence[int]) -> RequestOutput:
    completion = CompletionOutput(
        index=0,
        text="",
        token_ids=token_ids,
        cumulative_logprob=None,
        logprobs=None,
    )
    return RequestOutput(
        request_id="request",
        prompt=None,
        prompt_token_ids=[],
        prompt_logprobs=None,
        outputs=[completion],
        finished=False,
    )
