"""Connections to a PostgreSQL server, which may hang or end them."""

import os
import queue
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from .postgres_tables import make_or_check
from .protocol import NotStored, StoreUnavailable

if TYPE_CHECKING:
    from psycopg import Connection, Cursor

T = TypeVar("T")

_TIMEOUT = 5.0


class Again(Exception):
    """Another process was at the same thing: the transaction begins anew."""


class PostgresConnections:
    """As many as there are threads that use one at the same time."""

    def __init__(self, url: str) -> None:
        """Connect to the server, and make the tables if they are not there.

        Args:
            url: `postgresql://`, as libpq reads it.

        Raises:
            StoreUnavailable: psycopg is not there, or the server can't be used.
        """
        try:
            import psycopg
            from psycopg.conninfo import conninfo_to_dict
        except ImportError:
            raise StoreUnavailable(
                "psycopg is not installed, so run: "
                "pip install 'vllm-responses-fix[postgres]'"
            ) from None
        self._psycopg = psycopg
        try:
            self._address: dict[str, Any] = conninfo_to_dict(
                url, connect_timeout=int(_TIMEOUT)
            )
        except psycopg.Error:
            # Its words may have the password in them.
            raise StoreUnavailable("libpq can't read the URL, so check it") from None
        self._idle: queue.LifoQueue[Connection[Any]] = queue.LifoQueue()
        self._busy: dict[Connection[Any], float] = {}
        self._busy_lock = threading.Lock()
        self._closed = threading.Event()
        threading.Thread(
            target=self._watch, name="responses-store", daemon=True
        ).start()
        try:
            self.transact(make_or_check)
        except StoreUnavailable as error:
            self.close()
            if isinstance(error.__context__, psycopg.Error):
                raise StoreUnavailable(
                    f"the server does not answer or refuses ({error}), so check that it"
                    f" runs, the address, user and password, and that the user may "
                    f"create tables"
                ) from None
            raise

    @contextmanager
    def cursor(self) -> "Iterator[Cursor[Any]]":
        """A cursor of a connection that nobody else uses.

        Raises:
            StoreUnavailable: PostgreSQL raised an error, or did not answer.
        """
        try:
            connection = self._connection()
            with self._busy_lock:
                self._busy[connection] = time.monotonic() + _TIMEOUT
            try:
                with connection.cursor(binary=True) as cursor:
                    yield cursor
            except self._psycopg.Error:
                connection.close()
                raise
            finally:
                with self._busy_lock:
                    del self._busy[connection]
                if self._closed.is_set():
                    connection.close()
                elif not connection.closed:
                    self._idle.put(connection)
        except self._psycopg.Error as error:
            words = error.diag.message_primary or " ".join(str(error).split())
            raise StoreUnavailable(f"PostgreSQL: {words}") from None

    def _connection(self) -> "Connection[Any]":
        with suppress(queue.Empty):
            while True:
                connection = self._idle.get_nowait()
                # Something to read on an idle connection: the server has ended it.
                if not select.select([connection.fileno()], [], [], 0)[0]:
                    return connection
                connection.close()
        return self._psycopg.connect(**self._address, autocommit=True)

    def _watch(self) -> None:
        """End connections whose server hangs: libpq itself waits for ever."""
        while not self._closed.wait(0.5):
            now = time.monotonic()
            with self._busy_lock:
                busy = list(self._busy.items())
            for connection, deadline in busy:
                if deadline < now:
                    with (
                        suppress(OSError, self._psycopg.Error),
                        socket.socket(fileno=os.dup(connection.fileno())) as its_socket,
                    ):
                        its_socket.shutdown(socket.SHUT_RDWR)

    def transact(self, action: "Callable[[Cursor[Any]], T]") -> T:
        """Do it as one transaction.

        One that raises `NotStored` has changed nothing but removed what has expired.

        Raises:
            NotStored: the action did.
            StoreUnavailable: see `cursor`.
        """
        errors = self._psycopg.errors
        not_stored = None
        while True:
            try:
                with self.cursor() as cursor, cursor.connection.transaction():
                    try:
                        return action(cursor)
                    except NotStored as error:
                        not_stored = error
                    except errors.DeadlockDetected:
                        raise Again from None
                raise not_stored
            except Again:
                continue

    def close(self) -> None:
        self._closed.set()
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()
