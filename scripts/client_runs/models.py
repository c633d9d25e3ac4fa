"""The models whose part is scripted: how each writes a step, and what it is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from harness.answers import analysis, call, chat_answer, final, harmony_answer, preamble
from harness.app import CHAT_ARGS, ServerFactory
from harness.model_folder import write_chat_model, write_harmony_model
from harness.scripted_engine import Answer

from .conversation import TURNS, Step, Turn

Call = tuple[str, Any]


@dataclass(frozen=True)
class Model:
    """One of the two ways of a conversation to a prompt.

    Attributes:
        name: as the table calls it.
        turns: of the conversation, as this model would hold them.
        keeps_reasoning: whether it is shown its reasoning of turns that have ended.
        write: writes its folder.
        args: of `vllm serve`.
        written: what it generates for a step's reasoning, text and calls.
    """

    name: str
    turns: Sequence[Turn]
    keeps_reasoning: bool
    write: Callable[[Path], Path]
    args: Sequence[str]
    written: Callable[[str, str, Sequence[Call]], Answer]

    def factory(self, folder: Path) -> ServerFactory:
        return ServerFactory(self.write(folder), self.args)

    def answer(self, step: Step, call_for: Callable[[str], Call]) -> Answer:
        """What it generates for a step.

        Args:
            call_for: the call that asks for the weather of a city.
        """
        return self.written(step.reasoning, step.text, [*map(call_for, step.cities)])


def _chat_answer(reasoning: str, text: str, calls: Sequence[Call]) -> Answer:
    return chat_answer(text, *calls, reasoning=reasoning)


def _harmony_answer(reasoning: str, text: str, calls: Sequence[Call]) -> Answer:
    said = [preamble(text) if calls else final(text)] if text else []
    thought = [analysis(reasoning)] if reasoning else []
    return harmony_answer(*thought, *said, *(call(*each) for each in calls))


def _one_call_a_step(step: Step) -> tuple[Step, ...]:
    """gpt-oss ends with its first call."""
    first, *others = step.cities or ("",)
    if not first:
        return (step,)
    more = (Step(cities=(city,), reasoning=f"Now {city}.") for city in others)
    return (replace(step, cities=(first,)), *more)


CHAT = Model("a chat template", TURNS, True, write_chat_model, CHAT_ARGS, _chat_answer)
GPT_OSS = Model(
    "gpt-oss",
    tuple(
        replace(turn, steps=tuple(chain(*map(_one_call_a_step, turn.steps))))
        for turn in TURNS
    ),
    False,
    write_harmony_model,
    (),
    _harmony_answer,
)
MODELS = (CHAT, GPT_OSS)
