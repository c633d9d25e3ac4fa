# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

from unittest.mock import MagicMock

from openai.types.responses import ResponseReasoningItem

from vllm.entrypoints.openai.responses.context import ParsableContext
from vllm.entrypoints.openai.responses.protocol import ResponsesRequest


def test_context_does_not_append_to_the_stored_messages():
    stored = [{"role": "user", "content": "Hello"}]
    context = ParsableContext(
        response_messages=stored,
        tokenizer=MagicMock(),
        parser_cls=None,
        request=ResponsesRequest(input="Hello"),
        available_tools=None,
        chat_template=None,
        chat_template_content_format="auto",
    )
    item = ResponseReasoningItem(id="rs_1", summary=[], type="reasoning")
    context.response_messages.append(item)

    assert stored == [{"role": "user", "content": "Hello"}]
    assert context.response_messages[context.num_init_messages :] == [item]
