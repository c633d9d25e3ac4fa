"""What is patched in this process, for `status` and the log."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .patches import PATCHES, Patch
from .releases import Release
from .settings import DISABLED_PATCHES

State = Literal["applied", "off", "waiting", "refused"]


@dataclass(frozen=True)
class PatchStatus:
    """One patch, as it is in this process.

    Attributes:
        name: name of the patch.
        state: `applied`; `off` (switched off); `waiting` (vLLM's Responses API is not
            imported yet); `refused` (nothing was touched, see `reason`).
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
        reason: why not.
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
        applied = [patch.name for patch in self.patches if patch.state == "applied"]
        off = [patch.name for patch in self.patches if patch.state == "off"]
        line = (
            f"vllm-responses-fix: active on vLLM {self.vllm}, "
            f"{len(applied)} of {len(self.patches)} patches: {', '.join(applied)}"
        )
        return f"{line}; off: {', '.join(off)}" if off else line


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
        if state in ("applied", "waiting") and patch.name in disabled:
            patch_state, patch_reason = "off", f"{DISABLED_PATCHES} names it"
        return PatchStatus(
            name=patch.name,
            state=patch_state,
            reason=patch_reason,
            targets=tuple(
                str(release.seams[name])
                for name in (*patch.replaces, *patch.wraps)
                if release is not None
            ),
            what=patch.what,
            why=patch.why,
            upstream=patch.upstream,
            until=patch.until,
        )

    return Status(vllm, state, reason, tuple(of(patch) for patch in PATCHES))
