# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

from openai_harmony import Author, Message, Role

from vllm.entrypoints.openai.parser.harmony_utils import (
    get_encoding,
    render_for_completion,
)


def test_tool_runs_stay_and_concluded_reasoning_goes():
    messages = [
        Message.from_role_and_content(Role.USER, "How much is it?"),
        Message.from_role_and_content(Role.ASSISTANT, "I add them up.").with_channel(
            "analysis"
        ),
        Message.from_role_and_content(Role.ASSISTANT, "20 + 22")
        .with_channel("analysis")
        .with_recipient("python"),
        Message.from_author_and_content(Author.new(Role.TOOL, "python"), "forty-two")
        .with_channel("analysis")
        .with_recipient("assistant"),
        Message.from_role_and_content(Role.ASSISTANT, "It is 42.").with_channel(
            "final"
        ),
        Message.from_role_and_content(Role.USER, "Are you sure?"),
    ]

    prompt = get_encoding().decode(render_for_completion(messages))

    assert "20 + 22" in prompt
    assert "forty-two" in prompt
    assert "I add them up." not in prompt
