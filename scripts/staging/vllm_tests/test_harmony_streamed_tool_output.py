# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

from openai_harmony import Author, Message, Role

from vllm.entrypoints.openai.parser.harmony_utils import get_encoding
from vllm.entrypoints.openai.responses.context import StreamingHarmonyContext


def test_tool_output_is_part_of_a_streamed_conversation():
    context = StreamingHarmonyContext([], ["python"])
    call = "<|channel|>analysis to=python code<|message|>1 + 1<|call|>"
    for token in get_encoding().encode(call, allowed_special="all"):
        context.parser.process(token)
    results = [
        Message.from_author_and_content(
            Author.new(Role.TOOL, "python"), text
        ).with_channel("analysis")
        for text in ("2", "4")
    ]

    context.append_tool_output(results)

    assert context.messages == results
    assert {message.recipient for message in context.messages} == {"assistant"}
