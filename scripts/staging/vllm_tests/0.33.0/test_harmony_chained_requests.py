# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

from dataclasses import dataclass
from unittest.mock import MagicMock

import pytest
from openai.types.responses import ResponseFunctionToolCall
from openai_harmony import Message, Role

from vllm.entrypoints.openai.parser.harmony_utils import get_encoding
from vllm.entrypoints.openai.responses.protocol import ResponsesRequest
from vllm.renderers.online_renderer import OnlineRenderer

LOOK_UP = {
    "type": "function",
    "name": "look_up",
    "description": "Looks something up.",
    "parameters": {"type": "object", "properties": {"key": {"type": "string"}}},
}


@dataclass
class Turn:
    messages: list
    output: list
    prompt: str


@pytest.fixture
def renderer():
    model_config = MagicMock(max_model_len=4096)
    model_config.hf_config.model_type = "gpt_oss"
    return OnlineRenderer(
        model_config,
        MagicMock(),
        request_logger=None,
        chat_template=None,
        chat_template_content_format="auto",
    )


def _turn(renderer, previous, said, output, **fields):
    """A turn of a conversation, up to and with what the model said."""
    result = renderer._render_responses_with_harmony(
        ResponsesRequest(**fields),
        previous_messages=previous.messages if previous else None,
        previous_response_outputs=previous.output if previous else None,
        tool_server=None,
    )
    prompt = get_encoding().decode(result.engine_input["prompt_token_ids"])
    return Turn([*result.messages, said], output, prompt)


def _final(text):
    return Message.from_role_and_content(Role.ASSISTANT, text).with_channel("final")


def test_chained_request_has_its_own_parameters(renderer):
    first = _turn(
        renderer,
        None,
        _final("Bonjour."),
        [],
        input="Hello",
        instructions="Answer in French.",
        reasoning={"effort": "low"},
    )
    second = _turn(
        renderer,
        first,
        _final("Hallo."),
        [],
        input="Hello again",
        instructions="Answer in Dutch.",
        reasoning={"effort": "high"},
        tools=[LOOK_UP],
    )

    assert "Answer in Dutch." in second.prompt
    assert "Answer in French." not in second.prompt
    assert "Reasoning: high" in second.prompt
    assert "Reasoning: low" not in second.prompt
    assert "Looks something up." in second.prompt


def test_call_can_be_answered_in_any_later_turn(renderer):
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
    first = _turn(renderer, None, written, [call], input="Hi", tools=[LOOK_UP])
    second = _turn(renderer, first, _final("Soon."), [], input="And?")
    third = _turn(
        renderer,
        second,
        _final("Found."),
        [],
        input=[
            {"type": "function_call_output", "call_id": "call_1", "output": "a tide"}
        ],
    )

    assert "functions.look_up" in third.prompt
    assert "a tide" in third.prompt


def test_children_do_not_change_their_parent(renderer):
    first = _turn(renderer, None, _final("One."), [], input="Hi")
    before = list(first.messages)

    prompts = [
        _turn(
            renderer, first, _final("Two."), [], input="And?", instructions=text
        ).prompt
        for text in ("Be brief.", "Be kind.", "Be brief.")
    ]

    assert first.messages == before
    assert prompts[0] == prompts[2] != prompts[1]
