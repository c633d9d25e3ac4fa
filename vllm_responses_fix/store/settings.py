"""The environment variables that say where responses are stored, and for how long."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ..settings import SettingsError, read_size

STORE = "VLLM_RESPONSES_FIX_STORE"
TTL = "VLLM_RESPONSES_FIX_STORE_TTL"
MAX_BYTES = "VLLM_RESPONSES_FIX_STORE_MAX_BYTES"
OWNER_HEADER = "VLLM_RESPONSES_FIX_OWNER_HEADER"

VARIABLES = (STORE, TTL, MAX_BYTES, OWNER_HEADER)
"""All that an operator may set."""

DEFAULT_TTL = 30 * 86_400.0

_NAMES = ("auto", "memory")
_SCHEMES = ("sqlite", "redis", "rediss", "postgresql")
_VALUES = (
    "auto, memory, sqlite:///path/file.db, redis://host:port/0, rediss://host:port/0, "
    "postgresql://user@host/database"
)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True)
class StoreSettings:
    """What the environment asks for.

    Attributes:
        where: `auto`, `memory` or a URL; None if it does not say, and so does not turn
            the store on.
        ttl: seconds that an unused conversation stays.
        max_bytes: of all records; None where it does not say.
    """

    # It may have a password in it, so it is not shown.
    where: str | None = field(default=None, repr=False)
    ttl: float = DEFAULT_TTL
    max_bytes: int | None = None


def read_store_settings(environ: Mapping[str, str] | None = None) -> StoreSettings:
    """Read the settings from the environment.

    Raises:
        SettingsError: a value is not one of those that mean something; the message
            names the variable and what may stand there, and has no password in it.
    """
    environ = os.environ if environ is None else environ
    return StoreSettings(
        where=_where(environ.get(STORE, "").strip()),
        ttl=_ttl(environ.get(TTL, "").strip()),
        max_bytes=read_size(environ, MAX_BYTES),
    )


def without_password(where: str) -> str:
    """A store's URL as it may be shown: no user, no password, no parameters."""
    if where in _NAMES:
        return where
    scheme, _, rest = where.partition("://")
    return f"{scheme}://{re.split(r'[?#]', rest)[0].rpartition('@')[2]}"


def sqlite_path(where: str) -> str:
    """The file that `sqlite:///path/file.db` names; its path is absolute."""
    return unquote(urlsplit(where).path)


def _where(value: str) -> str | None:
    if not value:
        return None
    if value.lower() in _NAMES:
        return value.lower()
    scheme, separator, rest = value.partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        # What follows may have a password in it.
        shown = scheme if separator else value.partition(":")[0]
        raise SettingsError(
            f"{STORE} begins with {shown!r}, which is no store: it takes one of "
            f"{_VALUES}."
        )
    where = f"{scheme.lower()}://{rest}"
    try:
        parts = urlsplit(where)
        _ = parts.port
    except ValueError:
        raise SettingsError(
            f"{STORE} is not a URL ({scheme.lower()}://...): characters such as / @ : "
            f"# [ in a user or password have to be percent-encoded."
        ) from None
    if scheme.lower() == "sqlite" and (parts.netloc or parts.path in ("", "/")):
        raise SettingsError(
            f"{STORE} names no file: sqlite takes an absolute path after three slashes,"
            f" as in sqlite:///var/lib/vllm/responses.db."
        )
    if scheme.lower() != "sqlite" and not parts.hostname:
        raise SettingsError(
            f"{STORE} names no host: it takes, for example, "
            f"{scheme.lower()}://store.example:1234/0."
        )
    return where


def _ttl(value: str) -> float:
    if not value:
        return DEFAULT_TTL
    match = re.fullmatch(r"(\d+)\s*([smhd])", value.lower(), re.ASCII)
    if match is None or not int(match[1]):
        raise SettingsError(
            f"{TTL}={value!r} is no time: it takes a number and one of s, m, h, d, such"
            f" as 12h or 30d."
        )
    return float(int(match[1]) * _SECONDS[match[2]])
