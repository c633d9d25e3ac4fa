"""Which patches go in: each is decided by itself, by its probe and its ground."""

import gc
import importlib
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from .patch import Patch, Variant
from .patching import Substitution, put_in, undo_all
from .probing import unchecked_item_events
from .recognition import UnknownGroundError, check_ground
from .settings import DISABLED_PATCHES

logger = logging.getLogger("vllm.responses_fix")

State = Literal["applied", "not needed", "off", "refused"]


class NotMendedError(Exception):
    """The probe of a patch still finds a fault where the patch is in."""


@dataclass(frozen=True)
class Decision:
    """What became of one patch.

    Attributes:
        patch: the patch.
        state: `applied`; `not needed` (its probe finds nothing wrong with this vLLM);
            `off` (switched off); `refused` (see `reason`; vLLM is as it was there).
        reason: why it is not applied.
        variant: the code that was put in.
        seen_in: releases whose sources its ground has.
        substitutions: what was put in, for `undo_all`.
    """

    patch: Patch
    state: State
    reason: str = ""
    variant: Variant | None = None
    seen_in: frozenset[str] = frozenset()
    substitutions: tuple[Substitution, ...] = ()


def decide(
    patches: Sequence[Patch],
    needs: Mapping[str, Collection[str]],
    disabled: Collection[str],
) -> list[Decision]:
    """Put in what this vLLM needs and has the ground for, patch by patch.

    Args:
        patches: in the order in which they go in.
        needs: for some patches, the names of those without which they stay out.
        disabled: names of patches that are switched off.
    """
    decisions: dict[str, Decision] = {}
    with _no_collection(), _no_warnings():
        for patch in patches:
            if patch.name in disabled:
                decision = Decision(patch, "off", f"{DISABLED_PATCHES} names it")
            else:
                missing = [
                    name
                    for name in needs.get(patch.name, ())
                    if decisions[name].state in ("off", "refused")
                ]
                decision = _decide(patch, missing)
            decisions[patch.name] = decision
    return list(decisions.values())


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector from looking through all that vLLM has imported.

    That takes up to a second, and would find nothing of what is made here: syntax
    trees and the items of probes have no cycles.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _decide(patch: Patch, missing: Sequence[str]) -> Decision:
    try:
        before = find_fault(patch)
    except Exception as error:
        # A probe that can't run says nothing of whether the patch is needed.
        return Decision(patch, "refused", f"its probe can't run here: {error!r}")
    if before is None:
        return Decision(patch, "not needed", "this vLLM does it itself")
    if missing:
        return Decision(patch, "refused", f"it needs {', '.join(missing)}")
    reasons: list[tuple[int, str]] = []
    for variant in patch.variants:
        try:
            return _put_in(patch, variant)
        except UnknownGroundError as error:
            reasons.append((len(error.problems), str(error)))
        except NotMendedError as error:
            reasons.append((0, str(error)))
        except Exception as error:
            # A defect of the kit must not keep the server from starting.
            logger.exception("vllm-responses-fix failed")
            reasons.append((0, f"the kit itself failed: {error!r}"))
    # The variant that is nearest to this vLLM says best what is in the way.
    _, reason = min(reasons, key=lambda entry: entry[0])
    return Decision(patch, "refused", reason)


def _put_in(patch: Patch, variant: Variant) -> Decision:
    seen_in = check_ground(variant)
    substitutions = put_in(patch, variant)
    try:
        after = find_fault(patch)
    except BaseException:
        undo_all(substitutions)
        raise
    if after is not None:
        undo_all(substitutions)
        raise NotMendedError(f"with {variant.name} in, {after}")
    return Decision(
        patch,
        "applied",
        variant=variant,
        seen_in=frozenset(seen_in),
        substitutions=tuple(substitutions),
    )


def find_fault(patch: Patch) -> str | None:
    """What the probe of a patch finds wrong with the vLLM that is running."""
    probe = importlib.import_module(f"{patch.package}.probe")
    with unchecked_item_events():
        fault: str | None = probe.fault()
    return fault


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Keep vLLM from warning of the items of probes, which no client has sent.

    Once for all of them: each change of a level makes all loggers forget theirs.
    """
    of_vllm = logging.getLogger("vllm")
    level = of_vllm.level
    of_vllm.setLevel(logging.ERROR)
    try:
        yield
    finally:
        of_vllm.setLevel(level)
