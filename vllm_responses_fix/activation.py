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
from .patches import PATCHES, Variant, needed
from .patching import (
    ChangedSourceError,
    Substitution,
    apply_patches,
    check_seams,
    undo_all,
)
from .releases import RELEASES, TRIGGER, Release, releases_for
from .report import Status, make_status
from .settings import ENABLED, STRICT, Settings, read_settings

logger = logging.getLogger("vllm.responses_fix")

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
            _finder = PostImportFinder({TRIGGER}, _apply_after_import)
            sys.meta_path.insert(0, _finder)
            _status = _WAITING
        if _status.state != "waiting":
            return _status
    if TRIGGER in sys.modules:
        # Not under the lock: another thread may be in the middle of this import, which
        # ends by asking for the lock.
        _apply_after_import(importlib.import_module(TRIGGER))
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


def _apply_after_import(_: ModuleType) -> None:
    global _status
    with _lock:
        if _finder is None or _status.state != "waiting":
            return
        settings = read_settings([patch.name for patch in PATCHES])
        _status = _apply(settings)
        log = logger.warning if _status.state == "refused" else logger.info
        log("%s", _status.summary())
        if settings.strict and _status.state == "refused":
            raise StrictError(
                f"{_status.summary()}. {STRICT}=1 asks not to start then."
            )


def _apply(settings: Settings) -> Status:
    version = _vllm_version()
    if not settings.enabled:
        return make_status(vllm=version, state="off", reason=f"{ENABLED}=0")
    try:
        known, release = _recognise(version, settings)
        _put_in(release, settings)
    except Exception as error:
        reason = str(error)
        if not isinstance(error, (ChangedSourceError, CanaryError)):
            # A defect of the kit must not keep the server from starting.
            logger.exception("vllm-responses-fix failed")
            reason = f"the kit itself failed: {error!r}"
        return make_status(
            vllm=version,
            state="refused",
            reason=reason,
            release=RELEASES.get(version),
        )
    return make_status(
        vllm=version,
        state="applied",
        reason="" if known == version else f"its functions are those of vLLM {known}",
        release=release,
        disabled=settings.disabled_patches,
    )


def _recognise(version: str, settings: Settings) -> tuple[str, Release]:
    """The release that this vLLM is, or has the functions of.

    Raises:
        ChangedSourceError: there is none; says what differs from the likeliest.
    """
    first_error: ChangedSourceError | None = None
    for known, release in releases_for(version).items():
        try:
            check_seams(_variants(release, settings).values(), release)
            return known, release
        except ChangedSourceError as error:
            if known == version:
                raise
            first_error = first_error or ChangedSourceError(
                f"this kit knows vLLM {', '.join(RELEASES)}, not {version}, and "
                f"compared with {known} {error}"
            )
    assert first_error is not None
    raise first_error


def _variants(release: Release, settings: Settings) -> dict[str, Variant]:
    """The code of the patches that are to be put in, by their names."""
    return {
        patch.name: variant
        for patch, variant in needed(release.patches)
        if patch.name not in settings.disabled_patches
    }


def _put_in(release: Release, settings: Settings) -> None:
    variants = _variants(release, settings)
    _substitutions.extend(apply_patches(variants.values(), release))
    try:
        send_canary(release, variants.keys())
    except BaseException:
        undo_all(_substitutions)
        _substitutions.clear()
        raise


def _vllm_version() -> str:
    """The release of vLLM, without what builds append to it (`+cu130`, `+cpu`)."""
    return sys.modules["vllm"].__version__.partition("+")[0]
