"""What is patched in this process, for `status` and the log."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .deciding import Decision
from .patch import Patch
from .patches import PATCHES
from .places import full_name

State = Literal["applied", "not needed", "off", "waiting", "refused"]


@dataclass(frozen=True)
class PatchStatus:
    """One patch, as it is in this process.

    Attributes:
        name: name of the patch.
        path: the way to a prompt that it is for: `chat`, `harmony` or `both`.
        state: `applied`; `not needed` (its probe finds nothing wrong with this vLLM);
            `off` (switched off); `waiting` (vLLM's Responses API is not imported yet);
            `refused` (vLLM is as it was there, see `reason`).
        reason: why it is not applied.
        variant: which of its variants is in.
        targets: the functions of vLLM that it replaces or wraps.
        what, why, upstream, until: see `vllm_responses_fix.patch.Patch`.
    """

    name: str
    path: str
    state: State
    reason: str
    variant: str
    targets: tuple[str, ...]
    what: str
    why: str
    upstream: tuple[str, ...]
    until: str


@dataclass(frozen=True)
class Status:
    """The kit, as it is in this process.

    Attributes:
        vllm: version of the vLLM that was found, if it was imported.
        state: as for a patch. `refused` if any patch that this vLLM needs is refused
            and none is applied; `applied` if any is.
        reason: why not.
        patches: all patches of the kit.
    """

    vllm: str | None
    state: State
    reason: str
    patches: tuple[PatchStatus, ...]

    @property
    def refused(self) -> tuple[PatchStatus, ...]:
        """The patches that this vLLM needs and that could not be put in."""
        return tuple(patch for patch in self.patches if patch.state == "refused")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def summary(self) -> str:
        """One line for the log."""
        if self.state not in ("applied", "not needed"):
            return (
                f"vllm-responses-fix: not active, vLLM {self.vllm} is as it was: "
                f"{self.reason}"
            )
        names: dict[str, list[str]] = {}
        for patch in self.patches:
            names.setdefault(patch.state, []).append(patch.name)
        applied = names.pop("applied", [])
        names.pop("refused", None)
        line = (
            f"vllm-responses-fix: active on vLLM {self.vllm}, "
            f"{len(applied)} of {len(self.patches)} patches: {', '.join(applied)}"
        )
        parts = [line, *(f"{s}: {', '.join(n)}" for s, n in names.items())]
        parts += [f"refused: {p.name} ({p.reason})" for p in self.refused]
        return "; ".join(parts)


def status_of(vllm: str | None, decisions: Iterable[Decision]) -> Status:
    """The status of the kit, from what became of each patch."""
    patches = tuple(_status_of(decision) for decision in decisions)
    states = {patch.state for patch in patches}
    order: tuple[State, ...] = ("applied", "refused", "not needed", "off")
    state = next(state for state in order if state in states)
    reason = ""
    if state == "refused":
        reason = "; ".join(f"{p.name}: {p.reason}" for p in patches if p.reason)
    elif state == "off":
        reason = "all patches are switched off"
    return Status(vllm, state, reason, patches)


def same_for_all(vllm: str | None, state: State, reason: str) -> Status:
    """The status of a kit that has decided nothing yet, or not at all."""
    patches = tuple(_patch_status(patch, state, reason) for patch in PATCHES)
    return Status(vllm, state, reason, patches)


def _status_of(decision: Decision) -> PatchStatus:
    variant = decision.variant
    return _patch_status(
        decision.patch,
        decision.state,
        decision.reason,
        variant.name if variant is not None else "",
        tuple(map(full_name, variant.changed)) if variant is not None else (),
    )


def _patch_status(
    patch: Patch,
    state: State,
    reason: str,
    variant: str = "",
    targets: tuple[str, ...] = (),
) -> PatchStatus:
    return PatchStatus(
        name=patch.name,
        path=patch.path,
        state=state,
        reason=reason,
        variant=variant,
        targets=targets,
        what=patch.what,
        why=patch.why,
        upstream=patch.upstream,
        until=patch.until,
    )
