# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseReasoningItem,
)
from openai.types.responses.response_reasoning_item import Content

from vllm.entrypoints.openai.responses.utils import (
    construct_chat_messages_with_tool_call,
)


def _reasoning(text):
    content = [Content(text=text, type="reasoning_text")]
    return ResponseReasoningItem(
        id="rs_1", summary=[], type="reasoning", content=content
    )


def _message(text):
    content = [ResponseOutputText(text=text, annotations=[], type="output_text")]
    return ResponseOutputMessage(
        id="msg_1",
        content=content,
        role="assistant",
        status="completed",
        type="message",
    )


def _call(call_id):
    return ResponseFunctionToolCall(
        call_id=call_id, name="look_up", arguments="{}", type="function_call"
    )


def test_contiguous_assistant_items_are_one_message():
    (message,) = construct_chat_messages_with_tool_call(
        [_reasoning("Hm."), _message("Wait."), _call("call_1"), _call("call_2")]
    )

    assert message["reasoning"] == "Hm."
    assert message["content"] == "Wait."
    assert [call["id"] for call in message["tool_calls"]] == ["call_1", "call_2"]


def test_a_message_has_room_for_one_text():
    messages = construct_chat_messages_with_tool_call(
        [_reasoning("Hm."), _message("One."), _message("Two.")]
    )

    assert [message["content"] for message in messages] == ["One.", "Two."]
