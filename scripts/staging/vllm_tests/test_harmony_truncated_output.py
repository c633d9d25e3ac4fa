# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

from unittest.mock import MagicMock

import pytest
from openai_harmony import Message, Role

from vllm.entrypoints.openai.parser.harmony_utils import get_encoding
from vllm.entrypoints.openai.responses.context import HarmonyContext
from vllm.entrypoints.openai.responses.serving import OpenAIServingResponses


@pytest.mark.parametrize(
    "header, recipient",
    [
        ("<|channel|>final", None),
        ("<|channel|>analysis", None),
        ("<|channel|>commentary to=functions.look_up", "functions.look_up"),
    ],
)
def test_truncated_message_is_part_of_the_conversation(header, recipient):
    question = Message.from_role_and_content(Role.USER, "Tell me.")
    context = HarmonyContext([question], [])
    written = f"{header}<|message|>Once upon"
    for token in get_encoding().encode(written, allowed_special="all"):
        context.parser.process(token)
    serving = MagicMock(spec=OpenAIServingResponses)

    items = OpenAIServingResponses._make_response_output_items_with_harmony(
        serving, context
    )

    assert len(items) == 1
    assert context.messages[0] == question
    (said,) = context.messages[1:]
    assert said.content[0].text == "Once upon"
    assert said.recipient == recipient
