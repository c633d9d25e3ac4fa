# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

import pytest
from openai.types.responses import ResponseFunctionToolCall
from openai_harmony import Role

from vllm.entrypoints.openai.responses.harmony import response_input_to_harmony
from vllm.exceptions import VLLMValidationError

CALL = ResponseFunctionToolCall(
    call_id="call_1", name="look_up", arguments="{}", type="function_call"
)


def test_refusal_is_text_of_the_assistant():
    message = response_input_to_harmony(
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}, []
    )

    assert [content.text for content in message.content] == ["No."]


def test_preamble_is_commentary():
    message = response_input_to_harmony(
        {"role": "assistant", "content": "I look it up.", "phase": "commentary"}, []
    )

    assert message.channel == "commentary"


def test_call_looks_as_the_model_wrote_it():
    message = response_input_to_harmony(CALL, [])

    assert message.content_type == "<|constrain|>json"


def test_result_in_parts_is_addressed_to_the_assistant():
    parts = [{"type": "input_text", "text": text} for text in ("One", "Two")]
    message = response_input_to_harmony(
        {"type": "function_call_output", "call_id": "call_1", "output": parts}, [CALL]
    )

    assert [content.text for content in message.content] == ["One", "Two"]
    assert message.recipient == Role.ASSISTANT
    assert message.channel == "commentary"


def test_mcp_call_is_a_call():
    message = response_input_to_harmony(
        {
            "type": "mcp_call",
            "id": "mcp_1",
            "server_label": "files",
            "name": "list",
            "arguments": "{}",
        },
        [],
    )

    assert message.recipient == "files.list"


def test_image_is_a_validation_error():
    image = {"type": "input_image", "image_url": "data:"}
    with pytest.raises(VLLMValidationError):
        response_input_to_harmony({"role": "user", "content": [image]}, [])
