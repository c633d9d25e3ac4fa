"""The conversation of https://github.com/vllm-project/vllm/issues/43244.

The three request bodies are the report's own. They are sent with one more field,
`enable_response_messages`, which makes vLLM return the prompt.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .client import Client, Item, Reply
from .server import MODEL_NAME
from .weather import REPORT_FINDING, REPORT_RECALL, WEATHER_TOOL

TOOL_OUTPUT = json.dumps(
    {"temp": REPORT_FINDING.temp, "condition": REPORT_FINDING.condition}
)
TURNS = 3


@dataclass(frozen=True)
class Turn:
    """A chained turn and the same turn replayed."""

    number: int
    reply: Reply
    replayed: Reply
    call_expected: bool

    @property
    def said(self) -> str:
        calls = [f"{call['name']}({call['arguments']})" for call in self.reply.calls]
        return " ".join(filter(None, [self.reply.text, *calls]))

    @property
    def calls_the_tool(self) -> bool:
        calls = [(call["name"], call["arguments"]) for call in self.reply.calls]
        return calls == [("get_weather", f'{{"city": "{REPORT_FINDING.city}"}}')]

    @property
    def call_in_prompt(self) -> bool:
        return f'"arguments": {{"city": "{REPORT_FINDING.city}"}}' in self.reply.prompt

    @property
    def result_in_prompt(self) -> bool:
        return TOOL_OUTPUT in self.reply.prompt

    @property
    def chained_tokens(self) -> int:
        return len(self.reply.prompt_token_ids)

    @property
    def replayed_tokens(self) -> int:
        return len(self.replayed.prompt_token_ids)

    @property
    def passed(self) -> bool:
        """Whether the prompt is the replayed one and the model could use it."""
        if self.reply.prompt_token_ids != self.replayed.prompt_token_ids:
            return False
        return self.calls_the_tool if self.call_expected else recalls(self.reply)


def recalls(reply: Reply) -> bool:
    """Return the bug report's verdict on a reply."""
    return "65" in reply.text or "foggy" in reply.text


def run(
    client: Client,
    *,
    stream: bool = False,
    on_turn: Callable[[Turn], None] = lambda turn: None,
) -> list[Turn]:
    """Have the conversation, chained, and replay every turn of it.

    Raises:
        LookupError: The model made no tool call in its first turn.
    """
    history: list[Item] = []
    turns: list[Turn] = []

    def take(body: dict[str, Any]) -> Reply:
        reply = client.create(body, stream=stream)
        history.extend(body["input"])
        replay = {k: v for k, v in body.items() if k != "previous_response_id"}
        replay.update(input=list(history), store=False)
        replayed = client.create(replay)
        history.extend(reply.output)
        turn = Turn(len(turns) + 1, reply, replayed, call_expected=not turns)
        turns.append(turn)
        on_turn(turn)
        return reply

    first = take(
        {
            "model": MODEL_NAME,
            "input": [
                {"role": "user", "content": "What is the weather in San Francisco?"}
            ],
            "tools": [WEATHER_TOOL],
            "tool_choice": "required",
            "store": True,
        }
    )
    if not first.calls:
        raise LookupError(f"no tool call in the first turn: {first.output}")
    second = take(
        {
            "model": MODEL_NAME,
            "input": [
                {
                    "type": "function_call_output",
                    "call_id": first.calls[0]["call_id"],
                    "output": TOOL_OUTPUT,
                },
            ],
            "previous_response_id": first.id,
            "store": True,
        }
    )
    take(
        {
            "model": MODEL_NAME,
            "input": [{"role": "user", "content": REPORT_RECALL}],
            "previous_response_id": second.id,
            "store": True,
        }
    )
    return turns
