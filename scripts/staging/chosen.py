"""Which patches a tree of vLLM needs, and which of their variants fit.

The kit decides that on a running vLLM, so a process of its own imports the tree.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from vllm_responses_fix.patch import Patch, Variant
from vllm_responses_fix.patches import PATCHES

from .vllm_tree import UnknownTreeError

_ASK = Path(__file__).with_name("ask_vllm.py")


@dataclass(frozen=True)
class Chosen:
    """What the series for a tree is made of.

    Attributes:
        version: the newest release whose sources the tree has, as far as the kit knows
            them. A checkout has no version of its own.
        patches: in the kit's order, each with the variant that fits.
    """

    version: str
    patches: tuple[tuple[Patch, Variant], ...]


def choose(root: Path) -> Chosen:
    """Ask the kit what it would do with a tree.

    Args:
        root: the folder that holds the package `vllm`.

    Raises:
        UnknownTreeError: the tree can't be imported, or a patch that it needs does not
            fit; says what differs.
    """
    run = subprocess.run(
        [sys.executable, str(_ASK)],
        env={**os.environ, "PYTHONPATH": str(root), "VLLM_PLUGINS": ""},
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise UnknownTreeError(f"{root} can't be imported:\n{run.stderr[-3000:]}")
    answer = json.loads(run.stdout.splitlines()[-1])
    if answer["refused"]:
        reasons = "; ".join(f"{n}: {r}" for n, r in answer["refused"].items())
        raise UnknownTreeError(f"{root} is no vLLM that the kit knows: {reasons}")
    applied = answer["applied"]
    return Chosen(
        version=max(answer["seen_in"], key=release_order),
        patches=tuple(
            (patch, variant)
            for patch in PATCHES
            for variant in patch.variants
            if patch.for_upstream and applied.get(patch.name) == variant.name
        ),
    )


def release_order(version: str) -> tuple[int, ...]:
    """What releases are sorted by."""
    return tuple(int(number) for number in version.split("."))
