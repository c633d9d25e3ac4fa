# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

import copy
from unittest.mock import MagicMock

from openai.types.responses import ResponseReasoningItem

from vllm.entrypoints.chat_utils import _postprocess_messages
from vllm.entrypoints.openai.responses.context import ParsableContext
from vllm.entrypoints.openai.responses.protocol import ResponsesRequest


def test_parser_does_not_append_to_the_stored_messages():
    stored = [{"role": "user", "content": "Hello"}]
    context = ParsableContext(
        response_messages=stored,
        tokenizer=MagicMock(),
        reasoning_parser_cls=MagicMock(),
        request=ResponsesRequest(input="Hello"),
        available_tools=None,
        tool_parser_cls=None,
        chat_template=None,
        chat_template_content_format="auto",
    )
    parser = context.parser
    item = ResponseReasoningItem(id="rs_1", summary=[], type="reasoning")
    parser.response_messages.append(item)

    assert stored == [{"role": "user", "content": "Hello"}]
    assert parser.make_response_output_items_from_parsable_context() == [item]


def test_rendering_does_not_change_stored_calls():
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "look_up", "arguments": '{"key": "value"}'},
    }
    before = copy.deepcopy(call)
    message = {"role": "assistant", "tool_calls": [call]}

    _postprocess_messages([message])

    assert message["tool_calls"][0]["function"]["arguments"] == {"key": "value"}
    assert call == before
