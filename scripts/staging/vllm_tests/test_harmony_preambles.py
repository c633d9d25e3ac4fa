# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

import pytest
from openai_harmony import Message, Role

from vllm.entrypoints.openai.parser.harmony_utils import (
    get_encoding,
    get_streamable_parser_for_assistant,
)
from vllm.entrypoints.openai.responses.context import StreamingHarmonyContext
from vllm.entrypoints.openai.responses.harmony import (
    harmony_to_response_output,
    parser_state_to_response_output,
)
from vllm.entrypoints.openai.responses.streaming_events import (
    StreamingState,
    emit_content_delta_events,
    emit_previous_item_done_events,
)

CHANNELS = [("commentary", "commentary"), ("final", None)]


def _message(channel):
    return Message.from_role_and_content(Role.ASSISTANT, "Hi").with_channel(channel)


def _process(parser, channel):
    written = f"<|channel|>{channel}<|message|>Hi"
    for token in get_encoding().encode(written, allowed_special="all"):
        parser.process(token)


def _phases(channel, events):
    phases = {event.item.phase for event in events if hasattr(event, "item")}
    assert len(phases) == 1, channel
    return phases.pop()


def test_finished_message_has_its_phase():
    for channel, phase in CHANNELS:
        (item,) = harmony_to_response_output(_message(channel))
        assert item.phase == phase


def test_truncated_message_has_its_phase():
    for channel, phase in CHANNELS:
        parser = get_streamable_parser_for_assistant()
        _process(parser, channel)
        (item,) = parser_state_to_response_output(parser)
        assert item.phase == phase


@pytest.mark.parametrize("event", ["opened", "closed"])
def test_streamed_message_has_its_phase(event):
    for channel, phase in CHANNELS:
        context = StreamingHarmonyContext([], [])
        _process(context.parser, channel)
        context.last_content_delta = "Hi"
        state = StreamingState()
        events = emit_content_delta_events(context, state)
        if event == "closed":
            events = emit_previous_item_done_events(_message(channel), state)
        assert _phases(channel, events) == phase
