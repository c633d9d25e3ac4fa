"""Draws prompt tokens and request bytes by turn."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot

from .results import Turn
from .summary import METRICS, by_turn

# Where two lines lie on each other, the dashes of the last let the first be seen.
LINES = {
    "replayed, patched": ("replayed", {"color": "tab:gray", "linewidth": 4}),
    "by id, stock": ("by id, stock vLLM", {"color": "tab:red", "marker": "x"}),
    "by id, patched": (
        "by id, with the kit",
        {"color": "tab:blue", "marker": "o", "markersize": 4, "linestyle": "--"},
    ),
}


def draw(runs: dict[str, list[Turn]], target: Path) -> None:
    """Write `target` with the suffixes .png and .svg."""
    # Else each SVG has a date and ids of its own, and every run is a change.
    matplotlib.rcParams["svg.hashsalt"] = target.name
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    metrics = dict(METRICS)
    for axis, name in zip(axes, ("prompt tokens", "request bytes"), strict=True):
        for run, (label, style) in LINES.items():
            values = by_turn(runs[run], metrics[name])
            axis.plot(range(1, len(values) + 1), values, label=label, **style)
        axis.set(title=name, xlabel="turn", ylim=(0, None))
        axis.grid(alpha=0.3)
    axes[0].legend()
    target.parent.mkdir(exist_ok=True)
    figure.savefig(target.with_suffix(".png"), dpi=120)
    figure.savefig(target.with_suffix(".svg"), metadata={"Date": None})
