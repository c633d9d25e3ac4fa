# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

import pytest
from openai.types.responses import (
    ResponseOutputMessage,
    ResponseOutputRefusal,
    ResponseOutputText,
    ResponseReasoningItem,
)
from openai.types.responses.response_reasoning_item import Content

from vllm.entrypoints.openai.responses.utils import (
    construct_chat_messages_with_tool_call,
)


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


def test_assistant_message_of_the_input_has_all_parts():
    parts = [{"type": "output_text", "text": text} for text in ("One.", "Two.")]
    item = {"role": "assistant", "content": parts}

    (message,) = construct_chat_messages_with_tool_call([item])

    assert message["content"] == parts
