"""Any conversation over HTTP, on the Harmony path: chained equals replayed."""

from typing import Any

import pytest
from conversation_machine import ConversationMachine
from harmony_path import HarmonyPath
from harness.app import ServerFactory
from harness.client import Item
from harness.event_loop import EventLoopThread
from harness.vllm_compat import is_since
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from wire_items import texts_of

pytestmark = pytest.mark.guards("harmony-reconstruction")


class HarmonyMachine(ConversationMachine):
    """Adds what only gpt-oss has."""

    def params(self, data: st.DataObject) -> dict[str, Any]:
        params = super().params(data)
        effort = data.draw(st.sampled_from([None, "low", "medium", "high"]))
        if effort is not None:
            params["reasoning"] = {"effort": effort}
        return params

    def expected_texts(self, items: list[Item]) -> list[str]:
        """All texts but for the reasoning that is left out of a prompt: that before
        the first final answer, if the assistant's last word was final; from 0.25 on,
        that before the last final answer."""
        said = [index for index, item in enumerate(items) if _is_said(item)]
        finals = [index for index in said if _is_final(items[index])]
        if is_since("0.25.0"):
            concluded = finals[-1] if finals else 0
        else:
            concluded = finals[0] if finals and finals[-1] == said[-1] else 0
        return list(
            texts_of(
                [
                    item
                    for index, item in enumerate(items)
                    if index >= concluded or item.get("type") != "reasoning"
                ]
            )
        )


def _is_said(item: Item) -> bool:
    if item.get("type") == "reasoning":
        # Reasoning without parts is no message.
        return bool(item.get("content") or item["summary"])
    kinds = ("function_call", "mcp_call")
    return item.get("role") == "assistant" or item.get("type") in kinds


def _is_final(item: Item) -> bool:
    return item.get("role") == "assistant" and item.get("phase") != "commentary"


def test_chained_equals_replayed(
    harmony_server_factory: ServerFactory, event_loop_thread: EventLoopThread
) -> None:
    run_state_machine_as_test(
        lambda: HarmonyMachine(
            harmony_server_factory, event_loop_thread, HarmonyPath()
        ),
        settings=settings(
            max_examples=10 + settings.default.max_examples // 20,
            stateful_step_count=10,
        ),
    )
