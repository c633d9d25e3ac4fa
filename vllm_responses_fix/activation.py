"""Install and uninstall: when the patches go in, and what happens if they don't.

Installing does not import vLLM. The patches go in when vLLM's Responses API has been
imported, at once if it already is; a process that never serves it (an engine core, a
worker) is left alone.
"""

import importlib
import logging
import sys
import threading
from types import ModuleType

from .canary import CanaryError, send_canary
from .import_hook import PostImportFinder
from .patches import PATCHES
from .patching import (
    ChangedSourceError,
    Substitution,
    apply_patches,
    check_seams,
    undo_all,
)
from .releases import RELEASES, Release
from .report import Status, make_status
from .settings import ENABLED, STRICT, Settings, read_settings

logger = logging.getLogger("vllm.responses_fix")

TRIGGERS = frozenset(release.trigger for release in RELEASES.values())
_WAITING = make_status(
    vllm=None,
    state="waiting",
    reason="vLLM's Responses API is not imported in this process",
)
_UNINSTALLED = make_status(vllm=None, state="off", reason="it is not installed")


class StrictError(RuntimeError):
    """`VLLM_RESPONSES_FIX_STRICT=1`, and the patches could not be applied."""


# An import may end, and so apply the patches, in any thread and inside of install().
_lock = threading.RLock()
_finder: PostImportFinder | None = None
_substitutions: list[Substitution] = []
_status: Status = _UNINSTALLED


def install() -> Status:
    """Apply the patches to vLLM, now or as soon as its Responses API is imported.

    May be called any number of times, from any thread, before or after vLLM's modules
    are imported. What keeps the patches from being applied is logged, and in the
    status; vLLM then works as it would without the kit.

    Raises:
        SettingsError: an environment variable has a value that means nothing.
        StrictError: see there.
    """
    global _finder, _status
    with _lock:
        if _finder is None:
            _finder = PostImportFinder(TRIGGERS, _apply_after_import)
            sys.meta_path.insert(0, _finder)
            _status = _WAITING
        if _status.state != "waiting":
            return _status
    for trigger in TRIGGERS:
        if trigger in sys.modules:
            # Not under the lock: another thread may be in the middle of this import,
            # which ends by asking for the lock.
            _apply_after_import(importlib.import_module(trigger))
    return _status


def uninstall() -> Status:
    """Put back the very objects that were there, and stop watching imports."""
    global _finder, _status
    with _lock:
        if _finder is not None:
            sys.meta_path.remove(_finder)
            _finder = None
        undo_all(_substitutions)
        _substitutions.clear()
        _status = _UNINSTALLED
        return _status


def status() -> Status:
    """What is patched in this process."""
    return _status


def _apply_after_import(trigger: ModuleType) -> None:
    global _status
    with _lock:
        if _finder is None or _status.state != "waiting":
            return
        settings = read_settings([patch.name for patch in PATCHES])
        _status = _apply(settings, trigger.__name__)
        log = logger.warning if _status.state == "refused" else logger.info
        log("%s", _status.summary())
        if settings.strict and _status.state == "refused":
            raise StrictError(
                f"{_status.summary()}. {STRICT}=1 asks not to start then."
            )


def _apply(settings: Settings, trigger: str) -> Status:
    version = _vllm_version()
    if not settings.enabled:
        return make_status(vllm=version, state="off", reason=f"{ENABLED}=0")
    release = RELEASES.get(version)
    if release is None or release.trigger != trigger:
        return make_status(
            vllm=version,
            state="refused",
            reason=f"this kit knows vLLM {', '.join(RELEASES)}, not {version}",
        )
    try:
        _put_in(release, settings)
    except Exception as error:
        reason = str(error)
        if not isinstance(error, (ChangedSourceError, CanaryError)):
            # A defect of the kit must not keep the server from starting.
            logger.exception("vllm-responses-fix failed")
            reason = f"the kit itself failed: {error!r}"
        return make_status(
            vllm=version, state="refused", reason=reason, release=release
        )
    return make_status(
        vllm=version,
        state="applied",
        release=release,
        disabled=settings.disabled_patches,
    )


def _put_in(release: Release, settings: Settings) -> None:
    patches = [
        patch for patch in PATCHES if patch.name not in settings.disabled_patches
    ]
    check_seams(patches, release)
    _substitutions.extend(apply_patches(patches, release))
    try:
        send_canary(release, {patch.name for patch in patches})
    except BaseException:
        undo_all(_substitutions)
        _substitutions.clear()
        raise


def _vllm_version() -> str:
    """The release of vLLM, without what builds append to it (`+cu130`, `+cpu`)."""
    return sys.modules["vllm"].__version__.partition("+")[0]
