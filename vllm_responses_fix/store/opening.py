"""The one place that chooses a store."""

import time

from ..settings import SettingsError
from .memory import MemoryStore
from .postgres import PostgresStore
from .protocol import Clock, Store, StoreUnavailable
from .redis import RedisStore
from .settings import STORE, StoreSettings, sqlite_path, without_password
from .sqlite import SqliteStore
from .temporary import open_temporary

DEFAULT_MAX_BYTES = 1 << 30
"""Of a store that lives in memory, or among temporary files, which may be memory."""


def open_store(
    settings: StoreSettings, *, processes: int = 1, clock: Clock = time.time
) -> Store:
    """Open the store that the settings name, `auto` if they name none.

    To be called in the process that serves, not in one that forks others.

    Args:
        settings: of the environment.
        processes: how many API processes this server has.
        clock: seconds since 1970.

    Raises:
        SettingsError: its driver is not there, or it can't be reached or written; says
            in one sentence which variable to set, and has no password in it.
    """
    where = settings.where or "auto"
    try:
        return _open(where, settings, processes, clock)
    except StoreUnavailable as error:
        raise SettingsError(
            f"{STORE}={without_password(where)} can't be used: {error}."
        ) from None


def check_store(settings: StoreSettings) -> None:
    """See whether a store can be opened, before a model is loaded for it.

    Raises:
        SettingsError: see `open_store`.
    """
    if settings.where not in (None, "auto", "memory"):
        open_store(settings).close()


def _open(where: str, settings: StoreSettings, processes: int, clock: Clock) -> Store:
    ttl = settings.ttl
    bounded = settings.max_bytes or DEFAULT_MAX_BYTES
    if where == "memory" or (where == "auto" and processes == 1):
        return MemoryStore(ttl=ttl, max_bytes=bounded, clock=clock)
    if where == "auto":
        return open_temporary(ttl=ttl, max_bytes=bounded, clock=clock)
    if where.startswith("sqlite:"):
        return SqliteStore(
            sqlite_path(where), ttl=ttl, max_bytes=settings.max_bytes, clock=clock
        )
    kind = PostgresStore if where.startswith("postgresql:") else RedisStore
    return kind(where, ttl=ttl, max_bytes=settings.max_bytes, clock=clock)
