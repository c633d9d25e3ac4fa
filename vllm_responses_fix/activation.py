"""Install and uninstall: when the patches go in, and what happens if they don't.

Installing does not import vLLM. The patches go in when vLLM's Responses API has been
imported, at once if it already is; a process that never serves it (an engine core, a
worker) is left alone.
"""

import importlib
import logging
import os
import sys
import threading
from types import ModuleType

from . import before_load, server_status
from .deciding import decide
from .import_hook import PostImportFinder
from .patches import NEEDS, PATCHES
from .patching import Substitution, undo_all
from .places import TRIGGER
from .report import Status, same_for_all, status_of
from .settings import ENABLED, STRICT, Settings, read_settings
from .store.settings import STORE
from .stored.routes import put_in as put_in_routes

logger = logging.getLogger("vllm.responses_fix")

_TRIGGERS = (before_load.TRIGGER, TRIGGER, server_status.TRIGGER)
_STOCK_STORE = "VLLM_ENABLE_RESPONSES_API_STORE"

_WAITING = same_for_all(
    None, "waiting", "vLLM's Responses API is not imported in this process"
)
_UNINSTALLED = same_for_all(None, "off", "it is not installed")


class StrictError(RuntimeError):
    """`VLLM_RESPONSES_FIX_STRICT=1`, and a patch that is needed could not be put in."""


# An import may end, and so apply the patches, in any thread and inside of install().
_lock = threading.RLock()
_finder: PostImportFinder | None = None
_substitutions: list[Substitution] = []
# The modules among _TRIGGERS that something was done for.
_imported: set[str] = set()
_status: Status = _UNINSTALLED


def install() -> Status:
    """Apply the patches to vLLM, now or as soon as its Responses API is imported.

    May be called any number of times, from any thread, before or after vLLM's modules
    are imported. What keeps a patch from being applied is logged, and in the status;
    vLLM then works as it would without that patch.

    Raises:
        SettingsError: an environment variable has a value that means nothing.
        StrictError: see there.
    """
    global _finder, _status
    with _lock:
        if _finder is None:
            # A wrong value is said now, not when a model has been loaded.
            read_settings([patch.name for patch in PATCHES])
            _finder = PostImportFinder(set(_TRIGGERS), _after_import)
            sys.meta_path.insert(0, _finder)
            _status = _WAITING
        if _status.state != "waiting":
            return _status
    for name in _TRIGGERS:
        if name in sys.modules:
            # Not under the lock: another thread may be in the middle of this import,
            # which ends by asking for the lock.
            _after_import(importlib.import_module(name))
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
        _imported.clear()
        _status = _UNINSTALLED
        return _status


def status() -> Status:
    """What is patched in this process."""
    return _status


def prepare_server(path: str) -> None:
    """Do all that may keep a server from starting, before its model is loaded.

    Args:
        path: the way to a prompt that its model takes, `chat` or `harmony`.

    Raises:
        SettingsError: there is no such store.
        StrictError: see there.
    """
    # Not for processes that never serve.
    from .store.opening import check_store
    from .store.settings import read_store_settings

    settings = read_settings([patch.name for patch in PATCHES])
    if not settings.enabled:
        return
    check_store(read_store_settings())
    if not settings.strict:
        return
    importlib.import_module(TRIGGER)
    missing = _missing({path, "both"})
    if missing:
        raise StrictError(missing)


def say_without_effect(why: str) -> None:
    """Warn that requests do not go through what the kit patches.

    Args:
        why: the first half of a sentence.

    Raises:
        StrictError: see there.
    """
    settings = read_settings([patch.name for patch in PATCHES])
    if not settings.enabled:
        return
    message = (
        f"vllm-responses-fix has no effect on this server: {why}, and does not go "
        "through what the kit patches"
    )
    if settings.strict:
        raise StrictError(f"{message}; {STRICT}=1 asks not to start it")
    logger.warning("%s.", message)


def _after_import(module: ModuleType) -> None:
    global _status
    with _lock:
        if _finder is None or module.__name__ in _imported:
            return
        _imported.add(module.__name__)
        if module.__name__ == before_load.TRIGGER:
            _substitutions.extend(
                before_load.put_in(prepare_server, say_without_effect)
            )
            return
        if module.__name__ == server_status.TRIGGER:
            _substitutions.extend(
                server_status.put_in(module, status, lambda: _finder is not None)
            )
            _substitutions.extend(put_in_routes(module, status))
            return
        settings = read_settings([patch.name for patch in PATCHES])
        _status = _apply(settings)
        log = logger.warning if _status.refused else logger.info
        log("%s", _status.summary() + _hint(settings))
        if settings.strict:
            # Which of the two this process takes may only be known later.
            refused = [_missing({path, "both"}) for path in ("chat", "harmony")]
            if all(refused):
                raise StrictError(refused[0])


def _apply(settings: Settings) -> Status:
    version = _vllm_version()
    if not settings.enabled:
        return same_for_all(version, "off", f"{ENABLED}=0")
    decisions = decide(PATCHES, NEEDS, settings.disabled_patches)
    for decision in decisions:
        _substitutions.extend(decision.substitutions)
    return status_of(version, decisions)


def _hint(settings: Settings) -> str:
    """What the start line has to say of a store that is off."""
    is_on = os.environ.get(STORE) or os.environ.get(_STOCK_STORE, "0") not in ("", "0")
    if not settings.enabled or is_on:
        return ""
    return (
        "; this server stores no responses, so previous_response_id finds none: "
        f"{STORE}=auto turns the store on"
    )


def _missing(paths: set[str]) -> str:
    """Why a strict server must not start, if some paths to a prompt are not whole."""
    refused = [patch for patch in _status.refused if patch.path in paths]
    if not refused:
        return ""
    reasons = "; ".join(f"{patch.name}: {patch.reason}" for patch in refused)
    return (
        f"vllm-responses-fix: {STRICT}=1 asks not to start vLLM {_status.vllm} "
        f"without {reasons}"
    )


def _vllm_version() -> str:
    """The release of vLLM, without what builds append to it (`+cu130`, `+cpu`)."""
    return sys.modules["vllm"].__version__.partition("+")[0]
