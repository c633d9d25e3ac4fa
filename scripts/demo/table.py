"""The table the demo ends with."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from .bug_report import Turn, recalls


def as_table(conversations: dict[str, list[Turn]]) -> Table:
    """Return a table with a row per turn of every server's conversation."""
    table = Table(box=box.SIMPLE_HEAD, title="The bug report's conversation, chained")
    table.add_column("server", no_wrap=True)
    table.add_column("turn", justify="right")
    table.add_column("the model said", overflow="fold", min_width=24)
    table.add_column("call in prompt", justify="center")
    table.add_column("result in prompt", justify="center")
    table.add_column("prompt tokens chained / replayed", justify="right")
    table.add_column("", no_wrap=True)
    for server, turns in conversations.items():
        for turn in turns:
            table.add_row(
                server if turn.number == 1 else "",
                str(turn.number),
                turn.said,
                _expected(turn, turn.call_in_prompt),
                _expected(turn, turn.result_in_prompt),
                f"{turn.chained_tokens} / {turn.replayed_tokens}",
                verdict(turn.passed),
                end_section=turn is turns[-1],
            )
    return table


def report_line(turns: list[Turn]) -> str:
    """Return the line the bug report's script ends with."""
    if recalls(turns[-1].reply):
        return "PASS: Model recalls tool results"
    return "FAIL: Model does not recall tool results from prior turns"


def verdict(passed: bool) -> Text:
    return Text("PASS", style="green") if passed else Text("FAIL", style="bold red")


def _expected(turn: Turn, present: bool) -> str:
    # Nothing has been called before the first turn.
    if turn.number == 1:
        return "-"
    return "yes" if present else "no"
