# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

from unittest.mock import MagicMock

import pytest
from openai.types.responses import ResponseFunctionToolCall
from openai_harmony import Message, Role

from vllm.entrypoints.openai.parser.harmony_utils import get_encoding
from vllm.entrypoints.openai.responses.protocol import (
    ResponsesRequest,
    ResponsesResponse,
)
from vllm.entrypoints.openai.responses.serving import OpenAIServingResponses
from vllm.sampling_params import SamplingParams

LOOK_UP = {
    "type": "function",
    "name": "look_up",
    "description": "Looks something up.",
    "parameters": {"type": "object", "properties": {"key": {"type": "string"}}},
}


@pytest.fixture
def serving():
    engine_client = MagicMock()
    engine_client.model_config.hf_config.model_type = "gpt_oss"
    engine_client.model_config.get_diff_sampling_param.return_value = {}
    return OpenAIServingResponses(
        engine_client=engine_client,
        models=MagicMock(),
        openai_serving_render=MagicMock(),
        request_logger=None,
        chat_template=None,
        chat_template_content_format="auto",
    )


def _prompt(messages):
    return get_encoding().decode(
        [token for message in messages for token in get_encoding().render(message)]
    )


def _turn(serving, previous, said, output, **fields):
    """A turn of a conversation, up to and with what the model said."""
    request = ResponsesRequest(
        previous_response_id=previous.id if previous else None, **fields
    )
    messages = serving._construct_input_messages_with_harmony(request, previous)
    prompt = _prompt(messages)
    response = ResponsesResponse.from_request(
        request,
        SamplingParams(max_tokens=16),
        model_name="test-model",
        created_time=0,
        output=output,
        status="completed",
    )
    serving.msg_store[response.id] = [*messages, said]
    serving.response_store[response.id] = response
    return response, prompt


def _final(text):
    return Message.from_role_and_content(Role.ASSISTANT, text).with_channel("final")


def test_chained_request_has_its_own_parameters(serving):
    first, _ = _turn(
        serving,
        None,
        _final("Bonjour."),
        [],
        input="Hello",
        instructions="Answer in French.",
        reasoning={"effort": "low"},
    )
    _, prompt = _turn(
        serving,
        first,
        _final("Hallo."),
        [],
        input="Hello again",
        instructions="Answer in Dutch.",
        reasoning={"effort": "high"},
        tools=[LOOK_UP],
    )

    assert "Answer in Dutch." in prompt
    assert "Answer in French." not in prompt
    assert "Reasoning: high" in prompt
    assert "Reasoning: low" not in prompt
    assert "Looks something up." in prompt


def test_call_can_be_answered_in_any_later_turn(serving):
    call = ResponseFunctionToolCall(
        id="fc_1",
        call_id="call_1",
        name="look_up",
        arguments='{"key": "a"}',
        type="function_call",
    )
    written = (
        Message.from_role_and_content(Role.ASSISTANT, call.arguments)
        .with_channel("commentary")
        .with_recipient("functions.look_up")
        .with_content_type("<|constrain|>json")
    )
    first, _ = _turn(serving, None, written, [call], input="Hi", tools=[LOOK_UP])
    second, _ = _turn(serving, first, _final("Soon."), [], input="And?")
    _, prompt = _turn(
        serving,
        second,
        _final("Found."),
        [],
        input=[
            {"type": "function_call_output", "call_id": "call_1", "output": "a tide"}
        ],
    )

    assert "functions.look_up" in prompt
    assert "a tide" in prompt


def test_children_do_not_change_their_parent(serving):
    first, _ = _turn(serving, None, _final("One."), [], input="Hi")
    before = list(serving.msg_store[first.id])

    prompts = [
        _turn(serving, first, _final("Two."), [], input="And?", instructions=text)[1]
        for text in ("Be brief.", "Be kind.", "Be brief.")
    ]

    assert serving.msg_store[first.id] == before
    assert prompts[0] == prompts[2] != prompts[1]
