# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

import pytest
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseReasoningItem,
)
from openai.types.responses.response_reasoning_item import Content

from vllm.entrypoints.openai.responses.utils import construct_input_messages

QUESTION = "What is the weather in San Francisco?"
REASONING = ResponseReasoningItem(
    id="rs_1",
    summary=[],
    type="reasoning",
    content=[Content(text="I need the weather tool.", type="reasoning_text")],
)
CALL = ResponseFunctionToolCall(
    id="fc_1",
    call_id="call_1",
    name="get_weather",
    arguments='{"city": "San Francisco"}',
    type="function_call",
)
MESSAGE = ResponseOutputMessage(
    id="msg_1",
    content=[ResponseOutputText(text="Hello.", annotations=[], type="output_text")],
    role="assistant",
    status="completed",
    type="message",
)
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "65F"}


@pytest.mark.parametrize(
    "output", [[CALL], [REASONING], [REASONING, CALL], [MESSAGE, CALL]]
)
def test_chained_messages_equal_replayed_messages(output):
    first = construct_input_messages(request_input=QUESTION)
    chained = construct_input_messages(
        request_input=[RESULT], prev_msg=first, prev_response_output=output
    )
    replayed = construct_input_messages(
        request_input=[{"role": "user", "content": QUESTION}, *output, RESULT]
    )

    assert chained == replayed


def test_system_items_are_kept_and_instructions_are_not():
    first = construct_input_messages(
        request_instructions="Answer in French.",
        request_input=[
            {"role": "system", "content": "The user is a sailor."},
            {"role": "user", "content": QUESTION},
        ],
    )
    second = construct_input_messages(
        request_instructions="Answer in Dutch.",
        request_input="And tomorrow?",
        prev_msg=first,
        prev_response_output=[MESSAGE],
    )

    assert [message["content"] for message in second] == [
        "Answer in Dutch.",
        "The user is a sailor.",
        QUESTION,
        "Hello.",
        "And tomorrow?",
    ]


def test_children_do_not_change_their_parent():
    parent = construct_input_messages(
        request_input=[{"role": "user", "content": QUESTION}, REASONING]
    )
    mcp_call = CALL.model_copy(update={"id": "mcp_1"})

    children = [
        construct_input_messages(
            request_input=[RESULT], prev_msg=parent, prev_response_output=[mcp_call]
        )
        for _ in range(2)
    ]

    assert "tool_calls" not in parent[-1]
    assert children[0] == children[1]
    assert children[0][1]["tool_calls"][0]["id"] == "call_1"
