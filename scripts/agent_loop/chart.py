"""A chart of a few lines, as an SVG."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 170, 40, 36
_COLOURS = ("#0a7d4f", "#8a8f98", "#c2571a", "#3565b5")
# Each point is the median of so many figures, as single ones jump.
_SMOOTHED = 9


def chart(title: str, unit: str, lines: Mapping[str, Sequence[float]]) -> str:
    """Draw lines over turns 1, 2, ..., each with its name at its end.

    Args:
        unit: of the figures.
        lines: figures of each turn, by the name of a line; all of one length.
    """
    smoothed = {name: _medians(figures) for name, figures in lines.items()}
    turns = max(map(len, smoothed.values()))
    top = _round_up(max(map(max, smoothed.values())))
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(turn: float) -> float:
        return _LEFT + wide * turn / turns

    def y(figure: float) -> float:
        return _TOP + high * (1 - figure / top)

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12" fill="#555">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="22" font-size="14" fill="#222">{escape(title)}</text>',
    ]
    for step in range(5):
        level = top * step / 4
        drawn.append(
            f'<path d="M{_LEFT} {y(level):.1f}h{wide}" stroke="#e3e5e8"/>'
            f'<text x="{_LEFT - 6}" y="{y(level) + 4:.1f}" text-anchor="end">'
            f"{level:g}{' ' + unit if step == 4 else ''}</text>"
        )
        turn = turns * step // 4 or 1
        drawn.append(
            f'<text x="{x(turn):.1f}" y="{_HEIGHT - 14}" text-anchor="middle">'
            f"{'turn ' if step == 0 else ''}{turn}</text>"
        )
    ends = sorted((y(figures[-1]), name) for name, figures in smoothed.items())
    colours = dict(zip(smoothed, _COLOURS, strict=False))
    below = 0.0
    for end, name in ends:
        points = " ".join(
            f"{x(turn):.1f},{y(figure):.1f}"
            for turn, figure in enumerate(smoothed[name], 1)
        )
        # Names that would stand on each other are moved down.
        below = max(end + 4, below + 16)
        drawn.append(
            f'<polyline points="{points}" fill="none" stroke="{colours[name]}" '
            'stroke-width="2"/>'
            f'<text x="{_WIDTH - _RIGHT + 8}" y="{below:.1f}" '
            f'fill="{colours[name]}">{escape(name)}</text>'
        )
    return "\n".join([*drawn, "</svg>"]) + "\n"


def _medians(figures: Sequence[float]) -> list[float]:
    half = _SMOOTHED // 2
    windows = (
        sorted(figures[max(n - half, 0) : n + half + 1]) for n in range(len(figures))
    )
    return [window[len(window) // 2] for window in windows]


def _round_up(figure: float) -> float:
    """The next 1, 2 or 4 times a power of ten, which four lines divide well."""
    step = 1.0
    while step < figure:
        for factor in (1, 2, 4):
            if step * factor >= figure:
                return step * factor
        step *= 10
    return step
