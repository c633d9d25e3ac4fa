"""A series, and what it was made for."""

from dataclasses import dataclass
from pathlib import Path

from staging.chosen import Chosen
from staging.series import Step


@dataclass(frozen=True)
class Staged:
    """The series, and the tree that it is for.

    Attributes:
        root: the folder that holds the installed vLLM.
        chosen: the patches that it needs.
        steps: the series.
        tree: a copy of the installed vLLM with all of the series in it.
    """

    root: Path
    chosen: Chosen
    steps: list[Step]
    tree: Path
