# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

import pytest
from openai_harmony import Message, Role

from vllm.entrypoints.openai.parser.harmony_utils import (
    get_encoding,
    get_streamable_parser_for_assistant,
)
from vllm.entrypoints.openai.responses.harmony import (
    harmony_to_response_output,
    parser_state_to_response_output,
)


@pytest.mark.parametrize(
    "channel, name",
    [("analysis", "look_up"), ("commentary", "maps.look_up")],
)
def test_function_call_has_its_whole_name_on_any_channel(channel, name):
    message = (
        Message.from_role_and_content(Role.ASSISTANT, "{}")
        .with_channel(channel)
        .with_recipient(f"functions.{name}")
    )

    (item,) = harmony_to_response_output(message)

    assert item.type == "function_call"
    assert item.name == name


def test_truncated_function_call_has_its_whole_name():
    parser = get_streamable_parser_for_assistant()
    written = '<|channel|>commentary to=functions.maps.look_up<|message|>{"a'
    for token in get_encoding().encode(written, allowed_special="all"):
        parser.process(token)

    (item,) = parser_state_to_response_output(parser)

    assert item.name == "maps.look_up"
