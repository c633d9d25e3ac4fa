"""What is patched in this process, for `status` and the log."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .patches import PATCHES, Patch
from .releases import FixedUpstream, Release
from .settings import DISABLED_PATCHES

State = Literal["applied", "fixed upstream", "off", "waiting", "refused"]


@dataclass(frozen=True)
class PatchStatus:
    """One patch, as it is in this process.

    Attributes:
        name: name of the patch.
        state: `applied`; `fixed upstream` (this vLLM needs no patch); `off` (switched
            off); `waiting` (vLLM's Responses API is not imported yet); `refused`
            (nothing was touched, see `reason`).
        reason: why it is not applied.
        targets: the functions of vLLM that it replaces.
        what, why, upstream, until: see `vllm_responses_fix.patches.Patch`.
    """

    name: str
    state: State
    reason: str
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
        state: as for a patch; `applied` if any patch is.
        reason: why not, or what this vLLM was taken for.
        patches: all patches of the kit.
    """

    vllm: str | None
    state: State
    reason: str
    patches: tuple[PatchStatus, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def summary(self) -> str:
        """One line for the log."""
        if self.state != "applied":
            return (
                f"vllm-responses-fix: not active, vLLM {self.vllm} is as it was: "
                f"{self.reason}"
            )
        names: dict[str, list[str]] = {}
        for patch in self.patches:
            names.setdefault(patch.state, []).append(patch.name)
        applied = names.pop("applied", [])
        line = (
            f"vllm-responses-fix: active on vLLM {self.vllm}, "
            f"{len(applied)} of {len(self.patches)} patches: {', '.join(applied)}"
        )
        if self.reason:
            line += f"; {self.reason}"
        return "; ".join([line, *(f"{s}: {', '.join(n)}" for s, n in names.items())])


def make_status(
    *,
    vllm: str | None,
    state: State,
    reason: str = "",
    release: Release | None = None,
    disabled: Collection[str] = (),
) -> Status:
    """The status of the kit, with that of each patch derived from it."""

    def of(patch: Patch) -> PatchStatus:
        patch_state, patch_reason = state, reason
        targets: tuple[str, ...] = ()
        here = release.patches[patch.name] if release is not None else None
        if isinstance(here, FixedUpstream):
            patch_state, patch_reason = "fixed upstream", str(here)
        elif state in ("applied", "waiting") and patch.name in disabled:
            patch_state, patch_reason = "off", f"{DISABLED_PATCHES} names it"
        if release is not None and isinstance(here, str):
            variant = patch.variant(here)
            replaced = (*variant.replaces, *variant.wraps)
            targets = tuple(str(release.seams[name]) for name in replaced)
        return PatchStatus(
            name=patch.name,
            state=patch_state,
            reason=patch_reason,
            targets=targets,
            what=patch.what,
            why=patch.why,
            upstream=patch.upstream,
            until=patch.until,
        )

    return Status(vllm, state, reason, tuple(of(patch) for patch in PATCHES))
