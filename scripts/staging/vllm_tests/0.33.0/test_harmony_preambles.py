# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

import pytest
from openai_harmony import Message, Role

from vllm.entrypoints.openai.responses.harmony import harmony_to_response_output
from vllm.entrypoints.openai.responses.streaming_events import (
    StreamingState,
    emit_content_delta_events,
    emit_previous_item_done_events,
)
from vllm.parser.harmony import Segment

CHANNELS = [("commentary", "commentary"), ("final", None)]


def _message(channel):
    return Message.from_role_and_content(Role.ASSISTANT, "Hi").with_channel(channel)


def _phases(channel, events):
    phases = {event.item.phase for event in events if hasattr(event, "item")}
    assert len(phases) == 1, channel
    return phases.pop()


@pytest.mark.parametrize("incomplete", [False, True])
def test_message_has_its_phase(incomplete):
    for channel, phase in CHANNELS:
        (item,) = harmony_to_response_output(
            _message(channel), frozenset(), incomplete=incomplete
        )
        assert item.phase == phase


@pytest.mark.parametrize("event", ["opened", "closed"])
def test_streamed_message_has_its_phase(event):
    for channel, phase in CHANNELS:
        state = StreamingState()
        events = emit_content_delta_events(Segment(channel, None, "Hi"), state)
        if event == "closed":
            events = emit_previous_item_done_events(_message(channel), state)
        assert _phases(channel, events) == phase
