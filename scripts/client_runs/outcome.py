"""How far a client came, and the table of that."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Held:
    """A conversation that a client held.

    Attributes:
        turns: those that went well, of `of`.
        problem: what ended them; empty if nothing did.
        prompts: how many prompts it had.
        as_by_id: how many of these were as in the conversation by id, but for the ids
            of calls, which the server draws.
    """

    turns: int
    of: int
    problem: str
    prompts: int
    as_by_id: int

    @property
    def is_whole(self) -> bool:
        return self.turns == self.of

    def __str__(self) -> str:
        return f"{self.turns} of {self.of}"


@dataclass(frozen=True)
class Outcome:
    """What a client did in one way of asking, by id and with its own replay.

    Attributes:
        model: the name of the model.
        by_id: None of a client that never continues by id.
    """

    library: str
    version: str
    way: str
    model: str
    by_id: Held | None
    replay: Held

    def is_as_known(self, replay_ends: str) -> bool:
        """Whether all turns were held.

        Args:
            replay_ends: see `Library`: then the client's own replay has to end so.
        """
        if replay_ends:
            replayed = not self.replay.is_whole and replay_ends in self.replay.problem
        else:
            replayed = self.replay.is_whole
        return replayed and (self.by_id is None or self.by_id.is_whole)


def write_outcomes(file: Path, release: str, outcomes: Sequence[Outcome]) -> None:
    found = {"vllm": release, "outcomes": [asdict(o) for o in outcomes]}
    file.write_text(json.dumps(found, indent=1), encoding="utf-8")


def read_outcomes(file: Path) -> tuple[str, list[Outcome]]:
    """The release of vLLM, and what `write_outcomes` wrote of it."""
    found = json.loads(file.read_text(encoding="utf-8"))
    return found["vllm"], [_outcome(fields) for fields in found["outcomes"]]


def _outcome(fields: Mapping[str, Any]) -> Outcome:
    held = {name: fields[name] and Held(**fields[name]) for name in ("by_id", "replay")}
    return Outcome(**{**fields, **held})


def table(found: Mapping[str, Sequence[Outcome]]) -> str:
    """Tables in Markdown, one for each model, with a column by id and one replayed for
    each release."""
    models = dict.fromkeys(o.model for outcomes in found.values() for o in outcomes)
    tables = []
    for model in models:
        of_model = {
            release: [o for o in outcomes if o.model == model]
            for release, outcomes in found.items()
        }
        tables.append("\n".join([f"With {model}:", "", *_lines(of_model)]))
    return "\n\n".join(tables)


def _lines(found: Mapping[str, Sequence[Outcome]]) -> Iterator[str]:
    columns = [
        f"{release} {how}" for release in found for how in ("by id", "own replay")
    ]
    yield f"| client | way | {' | '.join(columns)} |"
    yield "|---" * (len(columns) + 2) + "|"
    notes: list[str] = []
    for outcomes in zip(*found.values(), strict=True):
        first = outcomes[0]
        cells = [_cell(held, notes) for o in outcomes for held in (o.by_id, o.replay)]
        yield f"| {first.library} {first.version} | {first.way} | {' | '.join(cells)} |"
    if notes:
        yield ""
    for number, note in enumerate(notes, 1):
        yield f"{number}. {note}"


def _cell(held: Held | None, notes: list[str]) -> str:
    if held is None:
        return "never"
    remarks = []
    if not held.is_whole:
        remarks.append(f"`{held.problem}`")
    elif held.as_by_id < held.prompts:
        remarks.append(
            f"{held.as_by_id} of {held.prompts} prompts are as by id: `{held.problem}`"
        )
    for remark in remarks:
        if remark not in notes:
            notes.append(remark)
    numbers = ", ".join(str(notes.index(remark) + 1) for remark in remarks)
    return f"{held} ({numbers})" if numbers else str(held)
