"""The environment variables an operator sets."""

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

ENABLED = "VLLM_RESPONSES_FIX"
DISABLED_PATCHES = "VLLM_RESPONSES_FIX_DISABLE"
STRICT = "VLLM_RESPONSES_FIX_STRICT"
PROMPT_CACHE_BYTES = "VLLM_RESPONSES_FIX_PROMPT_CACHE_BYTES"
CHECK_TOKENS = "VLLM_RESPONSES_FIX_CHECK_TOKENS"

VARIABLES = (ENABLED, DISABLED_PATCHES, STRICT, PROMPT_CACHE_BYTES, CHECK_TOKENS)
"""All that an operator may set."""

DEFAULT_PROMPT_CACHE_BYTES = 64 * 1024 * 1024

_SWITCH = {
    "1": True,
    "true": True,
    "on": True,
    "0": False,
    "false": False,
    "off": False,
}
_BYTES = {
    "": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
    "tib": 1 << 40,
}


class SettingsError(ValueError):
    """An environment variable of the kit has a value that means nothing."""


@dataclass(frozen=True)
class PromptSettings:
    """What the environment says of prompts that were tokenized before.

    Attributes:
        cache_bytes: of what is kept of them, in one process.
        check_tokens: tokenize everything whole as well, and compare.
    """

    cache_bytes: int = DEFAULT_PROMPT_CACHE_BYTES
    check_tokens: bool = False


@dataclass(frozen=True)
class Settings:
    """What the environment asks for.

    Attributes:
        enabled: apply anything at all.
        disabled_patches: names of patches to leave out.
        strict: a patch that is needed and could not be applied stops the server.
        prompts: see there.
    """

    enabled: bool = True
    disabled_patches: frozenset[str] = frozenset()
    strict: bool = False
    prompts: PromptSettings = field(default_factory=PromptSettings)


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
        prompts=read_prompt_settings(environ),
    )


def read_prompt_settings(environ: Mapping[str, str] | None = None) -> PromptSettings:
    """Read from the environment what concerns prompts that were tokenized before.

    Raises:
        SettingsError: see `read_settings`.
    """
    environ = os.environ if environ is None else environ
    size = read_size(environ, PROMPT_CACHE_BYTES)
    return PromptSettings(
        cache_bytes=DEFAULT_PROMPT_CACHE_BYTES if size is None else size,
        check_tokens=_switch(environ, CHECK_TOKENS, default=False),
    )


def read_size(environ: Mapping[str, str], name: str) -> int | None:
    """A number of bytes; None if the variable is not set.

    Raises:
        SettingsError: see `read_settings`.
    """
    value = environ.get(name, "").strip()
    if not value:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", value.lower(), re.ASCII)
    size = 0
    if match is not None and match[2] in _BYTES:
        size = int(float(match[1]) * _BYTES[match[2]])
    if not size:
        raise SettingsError(
            f"{name}={value!r} is no size: it takes a number of bytes, or with "
            f"one of KB, MB, GB, TB, KiB, MiB, GiB, TiB, such as 64MiB."
        )
    return size


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
