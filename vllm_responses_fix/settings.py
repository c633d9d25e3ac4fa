"""The environment variables an operator sets."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass

ENABLED = "VLLM_RESPONSES_FIX"
DISABLED_PATCHES = "VLLM_RESPONSES_FIX_DISABLE"
STRICT = "VLLM_RESPONSES_FIX_STRICT"

VARIABLES = (ENABLED, DISABLED_PATCHES, STRICT)
"""All that an operator may set."""

_SWITCH = {
    "1": True,
    "true": True,
    "on": True,
    "0": False,
    "false": False,
    "off": False,
}


class SettingsError(ValueError):
    """An environment variable of the kit has a value that means nothing."""


@dataclass(frozen=True)
class Settings:
    """What the environment asks for.

    Attributes:
        enabled: apply anything at all.
        disabled_patches: names of patches to leave out.
        strict: a patch that is needed and could not be applied stops the server.
    """

    enabled: bool = True
    disabled_patches: frozenset[str] = frozenset()
    strict: bool = False


def read_settings(
    patch_names: Collection[str], environ: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingsError: a value is not one of those that mean something; the message
            names the variable, the value and what may stand there.
    """
    environ = os.environ if environ is None else environ
    named = [name.strip() for name in environ.get(DISABLED_PATCHES, "").split(",")]
    disabled = frozenset(name for name in named if name)
    unknown = sorted(disabled.difference(patch_names))
    if unknown:
        raise SettingsError(
            f"{DISABLED_PATCHES} names no patch of vllm-responses-fix: "
            f"{', '.join(unknown)}. Its patches are {', '.join(patch_names)}."
        )
    return Settings(
        enabled=_switch(environ, ENABLED, default=True),
        disabled_patches=disabled,
        strict=_switch(environ, STRICT, default=False),
    )


def _switch(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = environ.get(name, "").strip().lower()
    if not value:
        return default
    if value not in _SWITCH:
        raise SettingsError(
            f"{name}={environ[name]!r} is neither on nor off: "
            f"it takes one of {', '.join(_SWITCH)}."
        )
    return _SWITCH[value]
