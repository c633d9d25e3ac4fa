# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

import json

import pytest
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputRefusal,
    ResponseOutputText,
    ResponseReasoningItem,
)
from openai.types.responses.response_reasoning_item import Content

from vllm.entrypoints.openai.responses.utils import (
    construct_chat_messages_with_tool_call,
)
from vllm.exceptions import VLLMValidationError


def _message(*parts):
    return ResponseOutputMessage(
        id="msg_1",
        content=list(parts),
        role="assistant",
        status="completed",
        type="message",
    )


def _text(text):
    return ResponseOutputText(text=text, annotations=[], type="output_text")


def _refusal(text):
    return ResponseOutputRefusal(refusal=text, type="refusal")


@pytest.mark.parametrize(
    "parts, content",
    [
        ([], ""),
        ([_refusal("No.")], "No."),
        (
            [_text("One."), _refusal("No.")],
            [{"type": "text", "text": "One."}, {"type": "refusal", "refusal": "No."}],
        ),
    ],
)
def test_message_has_all_parts(parts, content):
    (message,) = construct_chat_messages_with_tool_call([_message(*parts)])

    assert message == {"role": "assistant", "content": content}


def test_reasoning_has_all_parts():
    parts = [Content(text=text, type="reasoning_text") for text in ("One.", "Two.")]
    item = ResponseReasoningItem(id="rs_1", summary=[], type="reasoning", content=parts)

    (message,) = construct_chat_messages_with_tool_call([item])

    assert message["reasoning"] == "One.\nTwo."


def test_arguments_that_were_cut_short_can_be_decoded():
    call = ResponseFunctionToolCall(
        call_id="call_1",
        name="look_up",
        arguments='{"key": "va',
        type="function_call",
    )

    (message,) = construct_chat_messages_with_tool_call([call])

    (tool_call,) = message["tool_calls"]
    assert json.loads(tool_call["function"]["arguments"]) == call.arguments


def test_unknown_item_is_a_validation_error():
    with pytest.raises(VLLMValidationError, match="not supported"):
        construct_chat_messages_with_tool_call([{"type": "item_reference"}])
