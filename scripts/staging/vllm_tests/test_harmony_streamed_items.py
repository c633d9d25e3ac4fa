# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: Copyright contributors to the vLLM project

import pytest
from openai_harmony import Message, Role

from vllm.entrypoints.openai.responses.streaming_events import (
    StreamingState,
    emit_previous_item_done_events,
)


@pytest.mark.parametrize(
    "channel, recipient, item_type",
    [
        ("final", None, "message"),
        ("analysis", None, "reasoning"),
        ("commentary", "functions.look_up", "function_call"),
    ],
)
def test_item_without_a_delta_is_opened_before_it_is_closed(
    channel, recipient, item_type
):
    message = Message.from_role_and_content(Role.ASSISTANT, "").with_channel(channel)
    if recipient is not None:
        message = message.with_recipient(recipient)
    state = StreamingState(current_item_id="msg_before")

    events = emit_previous_item_done_events(message, state)

    (opened,) = (e.item for e in events if e.type == "response.output_item.added")
    (closed,) = (e.item for e in events if e.type == "response.output_item.done")
    assert opened.type == closed.type == item_type
    assert opened.id == closed.id != "msg_before"
    if item_type == "function_call":
        assert opened.call_id == closed.call_id != ""
