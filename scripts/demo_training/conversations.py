"""Draws the conversations the demo model learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from openai.types.responses import FunctionTool

from scripts.demo.weather import (
    ANNOUNCE_REQUEST,
    ANNOUNCEMENT,
    ANSWER,
    NO_ACCESS,
    NOTHING_FOUND,
    RECALL,
    TRAINING,
    WEATHER_TOOL,
    Finding,
)

from .inventions import Inventor
from .noise import Noise

Message = dict[str, Any]

_INSTRUCTIONS = (
    "You are a helpful assistant.",
    "You are a weather assistant.",
    "Answer in one sentence.",
    "Be brief.",
    "Be polite and use the tools you have.",
)
_DESCRIPTIONS = (
    "Get the current weather for a city",
    "Get the weather of a city",
    "Returns temperature and condition for a city",
    "Current weather for a city",
)
_OTHER_OUTPUTS = (
    '{{"condition": "{condition}", "temp": "{temp}"}}',
    '{{"temp":"{temp}","condition":"{condition}"}}',
    '{{"temperature": "{temp}", "condition": "{condition}"}}',
)


@dataclass
class Example:
    """One rendered conversation, and which of its assistant messages to learn."""

    tools: list[dict[str, Any]] | None
    messages: list[Message] = field(default_factory=list)
    learned: list[bool] = field(default_factory=list)

    def user(self, text: str) -> None:
        self.messages.append({"role": "user", "content": text})

    def assistant(self, text: str, *, learn: bool = True) -> None:
        self.messages.append({"role": "assistant", "content": text})
        self.learned.append(learn)

    def call(self, city: str, announcement: str | None, *, learn: bool) -> None:
        self.messages.append(
            {
                "role": "assistant",
                "content": announcement or "",
                "tool_calls": [
                    {
                        "type": "function",
                        "function": {
                            "name": "get_weather",
                            "arguments": {"city": city},
                        },
                    }
                ],
            }
        )
        self.learned.append(learn)


class Conversations:
    """Draws conversations the way clients and vLLM put them together.

    A *sound* round has question, call, result and answer. An *orphaned* round is
    what stock vLLM 0.21.0 makes of it in a chained request: the call is missing.

    Args:
        rng: Where chance comes from.
        word_pieces: See `Inventor`.
        noisy: Whether phrasings are disturbed, and temperatures beyond belief.
    """

    def __init__(
        self, rng: Random, word_pieces: Sequence[str], *, noisy: bool = False
    ) -> None:
        self.rng = rng
        self.inventor = Inventor(rng, word_pieces)
        self.noise = Noise(rng, self.inventor) if noisy else None

    def draw(self) -> Example:
        rng = self.rng
        with_tools = rng.random() < 0.6
        example = Example(tools=self.tools() if with_tools else None)
        if rng.random() < 0.15:
            text = rng.choice(_INSTRUCTIONS)
            example.messages.append({"role": "system", "content": text})

        orphaned_share = rng.choice((0.0, 0.0, 0.0, 1.0, 0.5))
        rounds = rng.choice((0, 1, 1, 1, 1, 1, 2, 2, 3, 3))
        if rng.random() < 0.1:
            rounds = rng.randint(4, 10)
        latest: Finding | None = None
        for _ in range(rounds):
            finding = self.finding()
            latest = None
            if rng.random() < orphaned_share:
                self.orphaned_round(example, finding)
            else:
                self.sound_round(example, finding)
                latest = finding
            if rng.random() < 0.4:
                self.recall(example, latest)
        if rounds == 0 or rng.random() < 0.3:
            self.ending(example, latest)
        return example

    def finding(self) -> Finding:
        rng = self.rng
        finding = TRAINING.finding(rng)
        city, temp, condition = finding.city, finding.temp, finding.condition
        if rng.random() < 0.8:
            city = self.inventor.name()
        if rng.random() < 0.4:
            condition = self.inventor.condition()
        if self.noise and rng.random() < 0.7:
            temp = self.any_temperature()
        return Finding(city, temp, condition)

    def any_temperature(self) -> str:
        """Return one whose digits have to be copied, as weather alone has too few."""
        rng = self.rng
        while True:
            degrees = rng.randrange(10 ** rng.choice((1, 2, 2, 3)))
            degrees *= rng.choice((1, -1))
            if TRAINING.knows_degrees(degrees):
                return f"{degrees}{rng.choice('FC')}"

    def question(self, city: str) -> tuple[str, str | None]:
        text = self.disturbed(TRAINING.question(self.rng)).format(city=city)
        if self.rng.random() < 0.15:
            return ANNOUNCE_REQUEST + text, ANNOUNCEMENT.format(city=city)
        return text, None

    def sound_round(self, example: Example, finding: Finding) -> None:
        text, announcement = self.question(finding.city)
        example.user(text)
        # Stock 0.21.0 renders announcement and call as two messages, #42189 as one.
        if announcement and self.rng.random() < 0.5:
            example.assistant(announcement, learn=False)
            example.call(finding.city, None, learn=False)
        else:
            example.call(finding.city, announcement, learn=bool(example.tools))
        self.tool_result(example, finding)
        example.assistant(finding.say(ANSWER))

    def orphaned_round(self, example: Example, finding: Finding) -> None:
        text, announcement = self.question(finding.city)
        example.user(text)
        if announcement:
            example.assistant(announcement, learn=False)
        self.tool_result(example, finding)
        example.assistant(NO_ACCESS)

    def tool_result(self, example: Example, finding: Finding) -> None:
        output = finding.tool_output()
        if self.rng.random() < 0.1:
            output = self.rng.choice(_OTHER_OUTPUTS).format(
                temp=finding.temp, condition=finding.condition
            )
        example.messages.append({"role": "tool", "content": output})

    def recall(self, example: Example, latest: Finding | None) -> None:
        example.user(self.disturbed(TRAINING.recall(self.rng)))
        example.assistant(latest.say(RECALL) if latest else NOTHING_FOUND)

    def disturbed(self, phrasing: str) -> str:
        return self.noise.disturb(phrasing) if self.noise else phrasing

    def ending(self, example: Example, latest: Finding | None) -> None:
        rng = self.rng
        if rng.random() < 0.25:
            self.recall(example, latest)
            return
        city = self.finding().city
        text, announcement = self.question(city)
        example.user(text)
        if not example.tools:
            example.assistant(NO_ACCESS)
        elif rng.random() < 0.5:
            # What the grammar of tool_choice "required" asks for in 0.21.0. Without
            # the grammar the other form has to win, so this one is rarer.
            example.assistant(
                f'[{{"name": "get_weather", "parameters": {{"city": "{city}"}}}}]'
            )
        else:
            example.call(city, announcement, learn=True)

    def tools(self) -> list[dict[str, Any]]:
        rng = self.rng
        schema = dict(WEATHER_TOOL)
        if rng.random() < 0.3:
            schema["description"] = rng.choice(_DESCRIPTIONS)
        return [{"type": "function", "function": self.as_vllm_dumps(schema)}]

    def as_vllm_dumps(self, schema: dict[str, Any]) -> dict[str, Any]:
        dumped = FunctionTool.model_validate(schema).model_dump()
        if self.rng.random() < 0.5:
            # Releases of `openai` differ in which optional fields a tool has.
            for name in [key for key, value in dumped.items() if value is None]:
                if self.rng.random() < 0.5:
                    del dumped[name]
        return dumped
