"""The README's picture: a turn's prompt on stock vLLM beside the one with the kit."""

import difflib
from collections.abc import Iterator, Sequence
from html import escape
from textwrap import wrap

# As many characters of a fixed width as a column is wide.
_COLUMNS = 50
_LINE, _CHARACTER, _MARGIN = 20, 7.8, 16
_TOP = 64

_STYLE = """\
svg { background: #ffffff; }
text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
       fill: #1f2328; white-space: pre; }
.head { font-weight: bold; }
.note { fill: #59636e; }
.frame { fill: none; stroke: #d1d9e0; }
.lost { fill: #ffebe9; }
.kept { fill: #dafbe1; }
.lost-text { fill: #b3261e; font-style: italic; }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117; }
  text { fill: #f0f6fc; }
  .note { fill: #9198a1; }
  .frame { stroke: #3d444d; }
  .lost { fill: #4d1f22; }
  .kept { fill: #143d24; }
  .lost-text { fill: #ff9492; }
}"""


def draw(turn: int, stock: str, patched: str) -> str:
    """An SVG with both prompts line by line, what stock lacks marked in both.

    Args:
        turn: its number.
        stock, patched: its prompts.
    """
    rows = list(_rows(stock, patched))
    width = 2 * _column_width() + 3 * _MARGIN
    height = _TOP + _LINE * len(rows) + 2 * _MARGIN
    heads = ("stock vLLM", "with the kit, or replayed")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}" '
        f'width="{width:g}" height="{height}" role="img">',
        f"<title>The prompt of turn {turn}: stock vLLM has lost the tool call</title>",
        f"<style>\n{_STYLE}\n</style>",
    ]
    for column, head in enumerate(heads):
        x = _MARGIN + column * (_column_width() + _MARGIN)
        parts += [
            _text(x, 24, head, "head"),
            _text(x, 44, f"what the model reads in turn {turn}", "note"),
            f'<rect class="frame" x="{x:g}" y="{_TOP - 8}" rx="6" '
            f'width="{_column_width():g}" height="{height - _TOP}"/>',
        ]
    for number, (left, right) in enumerate(rows):
        y = _TOP + 20 + number * _LINE
        for column, (text, mark) in enumerate((left, right)):
            x = _MARGIN + column * (_column_width() + _MARGIN)
            if mark:
                parts.append(
                    f'<rect class="{mark}" x="{x + 1:g}" y="{y - 15}" '
                    f'width="{_column_width() - 2:g}" height="{_LINE}"/>'
                )
            if text:
                kind = "lost-text" if mark == "lost" else ""
                parts.append(_text(x + 10, y, text, kind))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _rows(
    stock: str, patched: str
) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Lines side by side, each with its mark."""
    ours, theirs = _lines(stock), _lines(patched)
    matcher = difflib.SequenceMatcher(a=ours, b=theirs, autojunk=False)
    for tag, a, a_end, b, b_end in matcher.get_opcodes():
        if tag == "equal":
            yield from (((line, ""), (line, "")) for line in ours[a:a_end])
            continue
        if tag != "insert":
            raise ValueError("The stock prompt has lines that the other lacks.")
        words = "(the call and the reasoning are missing)"
        for number, line in enumerate(theirs[b:b_end]):
            yield (words if number == 0 else "", "lost"), (line, "kept")


def _lines(prompt: str) -> Sequence[str]:
    return [
        piece
        for line in prompt.rstrip("\n").split("\n")
        for piece in (wrap(line, _COLUMNS, subsequent_indent="  ") or [""])
    ]


def _column_width() -> float:
    return _COLUMNS * _CHARACTER + 20


def _text(x: float, y: float, text: str, kind: str) -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:g}" y="{y}">{escape(text)}</text>'
