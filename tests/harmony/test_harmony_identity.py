"""gpt-oss: chained and replayed, any conversation becomes the same token ids."""

from collections.abc import Iterator
from typing import Any

import pytest
from harmony_path import HarmonyPath
from harness.app import ServerFactory
from harness.client import Item, as_items
from harness.event_loop import EventLoopThread
from harness.harmony_encoding import harmony_encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from served import Served
from turns import LOOKUP, SEARCH, result

pytestmark = pytest.mark.guards("harmony-reconstruction")

PATH = HarmonyPath()


class _Conversation:
    """A conversation that is made up turn by turn."""

    def __init__(self, data: st.DataObject, served: Served) -> None:
        self.data = data
        self.served = served
        self.items: list[Item] = []
        self.response_id: str | None = None
        self.said = 0

    def text(self, what: str) -> str:
        self.said += 1
        noise = self.data.draw(st.text(st.characters(codec="utf-8"), max_size=5))
        return f"<{what} {self.said}>{noise}"

    def draw_input(self) -> str | list[Item]:
        """A word of the user, items of the client's own, results of open calls."""
        if self.data.draw(st.booleans()):
            return self.text("user")
        new_input = self.data.draw(PATH.client_history(f"<client {self.said}"))
        calls = [
            item["call_id"]
            for item in self.items
            if item.get("type") == "function_call"
        ]
        if calls:
            for call_id in self.data.draw(st.lists(st.sampled_from(calls), max_size=3)):
                new_input += result(call_id, self.text("result"))
        self.said += 1
        return new_input

    def draw_params(self) -> dict[str, Any]:
        params = {
            "instructions": self.text("instructions"),
            "tools": self.data.draw(st.sampled_from([[LOOKUP], [SEARCH], []])),
            "reasoning": {"effort": self.data.draw(st.sampled_from(["low", "high"]))},
        }
        left_out = self.data.draw(st.sets(st.sampled_from(sorted(params))))
        return {name: value for name, value in params.items() if name not in left_out}

    def chained(self, new_input: Any, params: dict[str, Any]) -> dict[str, Any]:
        return {
            "input": new_input,
            "previous_response_id": self.response_id,
            **params,
        }

    def replayed(self, new_input: Any, params: dict[str, Any]) -> dict[str, Any]:
        return {"input": [*self.items, *as_items(new_input)], **params}

    def turn(self) -> None:
        new_input, params = self.draw_input(), self.draw_params()
        body = self.chained(new_input, params)
        stream = self.data.draw(st.booleans())
        answer = self.data.draw(PATH.answers(self.text("model"), may_call=True))
        self.response_id, output = self.served.answer(body, answer, stream=stream)
        self.items += as_items(new_input) + output


@pytest.fixture(scope="module")
def served(
    harmony_server_factory: ServerFactory, event_loop_thread: EventLoopThread
) -> Iterator[Served]:
    served = Served(harmony_server_factory, event_loop_thread)
    yield served
    served.close()


@settings(max_examples=settings.default.max_examples * 3 // 10)
@given(data=st.data())
def test_every_turn_is_what_replay_makes_of_it(
    served: Served, data: st.DataObject
) -> None:
    conversation = _Conversation(data, served)
    for _ in range(data.draw(st.integers(1, 4))):
        conversation.turn()
        new_input, params = conversation.draw_input(), conversation.draw_params()
        chained = conversation.served.prompt(conversation.chained(new_input, params))
        replayed = conversation.served.prompt(conversation.replayed(new_input, params))

        assert harmony_encoding().decode(chained) == harmony_encoding().decode(replayed)
        assert chained == replayed


@settings(max_examples=settings.default.max_examples // 10)
@given(data=st.data())
def test_no_later_request_changes_what_is_stored(
    served: Served, data: st.DataObject
) -> None:
    conversation = _Conversation(data, served)
    for _ in range(data.draw(st.integers(1, 3))):
        conversation.turn()
    parent, items = conversation.response_id, list(conversation.items)
    assert parent is not None
    before = conversation.served.stored(parent)
    body = {"input": "Go on", "previous_response_id": parent}
    prompt = conversation.served.prompt(body)

    for _ in range(3):
        conversation.response_id, conversation.items = parent, list(items)
        conversation.turn()

    assert conversation.served.stored(parent) == before
    assert conversation.served.prompt(body) == prompt
    assert prompt == conversation.served.prompt({"input": [*items, *as_items("Go on")]})
