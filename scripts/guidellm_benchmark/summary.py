"""The turns of all runs as a table, and what must be true of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median

from .results import Turn

# A question, or the results of all calls of the last response.
NEW_ITEMS = ({"user"}, {"function_call_output"})
METRICS: tuple[tuple[str, Callable[[Turn], float]], ...] = (
    ("request bytes", lambda turn: turn.request_bytes),
    ("prompt tokens", lambda turn: turn.prompt_tokens),
    ("cached tokens", lambda turn: turn.cached_tokens),
    ("time to first token, ms", lambda turn: turn.first_token_ms),
)


def by_turn(turns: Iterable[Turn], metric: Callable[[Turn], float]) -> list[float]:
    """The medians over all conversations, turn by turn."""
    values: dict[int, list[float]] = {}
    for turn in turns:
        if turn.error is None:
            values.setdefault(turn.number, []).append(metric(turn))
    return [median(values[number]) for number in sorted(values)]


def summary(runs: dict[str, list[Turn]]) -> str:
    lines = []
    for name, metric in METRICS:
        columns = {run: by_turn(turns, metric) for run, turns in runs.items()}
        lines += ["", f"{name:24}" + "".join(f"{run:>19}" for run in columns)]
        lines += [
            f"  turn {number:<17}" + "".join(f"{value:19.0f}" for value in values)
            for number, values in enumerate(zip(*columns.values(), strict=False), 1)
        ]
        lines.append(
            f"  {'by id / replayed':22}"
            + "".join(
                f"{'' if ratio is None else f'{ratio:.2f}':>19}"
                for ratio in _ratios(columns)
            )
        )
    lines += ["", f"{'requests':24}" + "".join(f"{len(t):19}" for t in runs.values())]
    lines += [f"{'errors':24}" + "".join(f"{_errors(t):19}" for t in runs.values())]
    return "\n".join(lines)


def check(runs: dict[str, list[Turn]]) -> list[str]:
    """What is wrong with the runs, as sentences."""
    problems = []
    for run, turns in runs.items():
        problems += [f"{run}: turn {t.number}: {t.error}" for t in turns if t.error]
        for turn in turns:
            is_chained = run.startswith("by id") and turn.number > 1
            if turn.is_chained != is_chained:
                problems.append(f"{run}: turn {turn.number}: chained, or not")
            if is_chained and set(turn.items) not in NEW_ITEMS:
                problems.append(f"{run}: turn {turn.number}: sent {turn.items}")
    by_id, replayed = (
        _tokens(runs[f"{way}, patched"]) for way in ("by id", "replayed")
    )
    problems += [
        f"by id, patched: conversation {place[0]}, turn {place[1]}: "
        f"{by_id[place]} prompt tokens, replayed {replayed[place]}"
        for place in by_id.keys() & replayed.keys()
        if by_id[place] != replayed[place]
    ]
    return problems


def _ratios(columns: dict[str, list[float]]) -> list[float | None]:
    """Of the sums of all turns, below the columns of the runs by id."""
    return [
        sum(values) / sum(columns[run.replace("by id", "replayed")])
        if run.startswith("by id")
        else None
        for run, values in columns.items()
    ]


def _tokens(turns: Iterable[Turn]) -> dict[tuple[int, int], int]:
    return {(turn.conversation, turn.number): turn.prompt_tokens for turn in turns}


def _errors(turns: Iterable[Turn]) -> int:
    return sum(turn.error is not None for turn in turns)
