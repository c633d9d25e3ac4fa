"""Chained and replayed, a conversation becomes the same chat messages."""

import copy
import json
from typing import Any

import pytest
from chat_messages import construct, parse_input, parse_output, prompt_texts
from hypothesis import given
from wire_items import Item, Turn, conversations, texts_of

pytestmark = pytest.mark.guards("reconstruction")


@given(conversations())
def test_every_turn_is_what_replay_makes_of_it(turns: list[Turn]) -> None:
    history: list[Item] = []
    stored: Any = None
    previous_output: Any = None
    for turn in turns:
        chained = construct(
            request_instructions=turn.instructions,
            request_input=parse_input(turn.input),
            prev_msg=stored,
            prev_response_output=previous_output,
        )
        history += turn.input_items
        replayed = construct(
            request_instructions=turn.instructions,
            request_input=parse_input(history),
        )
        assert chained == replayed
        history += turn.output
        stored, previous_output = chained, parse_output(turn.output)


@given(conversations())
def test_all_that_was_said_is_in_the_messages(turns: list[Turn]) -> None:
    history: list[Item] = []
    stored: Any = None
    previous_output: Any = None
    for number, turn in enumerate(turns):
        stored = construct(
            request_instructions=turn.instructions,
            request_input=parse_input(turn.input),
            prev_msg=stored,
            prev_response_output=previous_output,
        )
        history += turn.input_items
        seen = prompt_texts(stored)
        for text in texts_of(history):
            assert text in seen
        for earlier in turns[:number]:
            if earlier.instructions:
                assert earlier.instructions not in seen
        assert not turn.instructions or stored[0]["content"] == turn.instructions
        history += turn.output
        previous_output = parse_output(turn.output)


@given(conversations(most_turns=3), conversations(most_turns=1))
def test_children_leave_their_parent_alone(
    turns: list[Turn], children: list[Turn]
) -> None:
    stored: Any = None
    previous_output: Any = None
    for turn in turns:
        stored = construct(
            request_input=parse_input(turn.input),
            prev_msg=stored,
            prev_response_output=previous_output,
        )
        previous_output = parse_output(turn.output)
    before = copy.deepcopy(stored)

    def child() -> Any:
        return construct(
            request_input=parse_input(children[0].input),
            prev_msg=stored,
            prev_response_output=previous_output,
        )

    first = child()
    first_as_it_was = copy.deepcopy(first)
    second = child()
    assert stored == before
    assert first == first_as_it_was == second
    if previous_output:
        # Else this would hold for a function that forgets all output.
        text = next(texts_of(turns[-1].output), "")
        assert text in prompt_texts(second)


def test_the_conversation_of_the_bug_report() -> None:
    call: Item = {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "call_1",
        "name": "get_weather",
        "arguments": json.dumps({"city": "San Francisco"}),
    }
    result = json.dumps({"temp": "65F", "condition": "foggy"})
    first = construct(request_input="What is the weather in San Francisco?")
    second = construct(
        request_input=parse_input(
            [{"type": "function_call_output", "call_id": "call_1", "output": result}]
        ),
        prev_msg=first,
        prev_response_output=parse_output([call]),
    )
    assert second == [
        {"role": "user", "content": "What is the weather in San Francisco?"},
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {
                        "name": "get_weather",
                        "arguments": '{"city": "San Francisco"}',
                    },
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": result},
    ]
