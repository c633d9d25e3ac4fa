"""A SQLite file that several processes write, and read at the same time."""

import fcntl
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, TimeoutError
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from .protocol import NotStored, StoreUnavailable
from .sqlite_tables import make_or_check

T = TypeVar("T")
Action = Callable[[sqlite3.Connection], T]

_TIMEOUT = 5.0
_BATCH = 256


class _Write(NamedTuple):
    """What is to be done in a transaction, and who waits for it.

    An action that raises `NotStored` has changed nothing but removed what has expired.
    """

    action: Action[Any]
    future: "Future[Any]"


class SqliteFile:
    """The file, with connections to read and a thread that writes.

    All writes go through that thread, which puts those that wait into one transaction.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        durable: bool,
        before: Action[object],
        after: Action[object],
        closed: Callable[[], None] | None,
    ) -> None:
        """Open the file, which is made if it is not there, for its user only.

        Args:
            path: of the file, on a local disk.
            durable: what was written survives a power cut. Else only the process's end.
            before: done at the beginning of each transaction.
            after: done at its end.
            closed: called when the file has been closed.

        Raises:
            StoreUnavailable: it can't be written, or is not such a file.
        """
        self._path = str(path)
        self._durable = durable
        self._before = before
        self._after = after
        self._readers: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._waiting: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._closed = closed
        self._turn = -1
        try:
            connection = self._open_file()
        except BaseException:
            if self._turn >= 0:
                os.close(self._turn)
            raise
        self._writer = threading.Thread(
            target=self._write_all,
            args=(connection,),
            name="responses-store",
            daemon=True,
        )
        self._writer.start()

    def _open_file(self) -> sqlite3.Connection:
        try:
            # SQLite would make it with the mode that the umask gives, and its helper
            # files have the mode of the file. To open and close one that is there would
            # release the locks that this process has on it.
            with suppress(FileExistsError):
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
                os.close(os.open(self._path, flags, 0o600))
            self._turn = os.open(f"{self._path}-lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreUnavailable(
                f"the file can't be written ({error.strerror}), so name one in a "
                f"folder that this user may write to"
            ) from None
        try:
            with self._its_turn():
                connection = self._connect()
                connection.execute("PRAGMA journal_mode = WAL").fetchone()
                connection.execute("BEGIN IMMEDIATE")
                make_or_check(connection)
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreUnavailable(
                f"the file can't be written as a SQLite database ({error}), so name "
                f"another one, on a local disk"
            ) from None
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
        )
        # FULL waits for the disk at each commit, so a power cut loses nothing that was
        # put. The end of a process alone loses nothing either way.
        level = "FULL" if self._durable else "OFF"
        connection.execute(f"PRAGMA synchronous = {level}")
        # What a user deletes does not stay in free pages of the file.
        connection.execute("PRAGMA secure_delete = ON")
        return connection

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """A connection that nobody else uses.

        Raises:
            StoreUnavailable: SQLite raised an error.
        """
        try:
            try:
                connection = self._readers.get_nowait()
            except queue.Empty:
                connection = self._connect()
            try:
                yield connection
            finally:
                self._readers.put(connection)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"SQLite: {error}") from None

    def write(self, action: Action[T]) -> T:
        """Do it in a transaction, and return what it returns.

        Raises:
            NotStored: the action did.
            StoreUnavailable: it took too long, or nothing can be written.
        """
        future: Future[T] = Future()
        self._waiting.put(_Write(action, future))
        try:
            # Those before this one may wait for another process's lock as well.
            return future.result(2 * _TIMEOUT)
        except TimeoutError:
            raise StoreUnavailable(f"SQLite took over {2 * _TIMEOUT:.0f} s") from None

    def _write_all(self, connection: sqlite3.Connection) -> None:
        ended = False
        while not ended:
            waiting = [self._waiting.get()]
            with suppress(queue.Empty):
                while len(waiting) < _BATCH:
                    waiting.append(self._waiting.get_nowait())
            ended = None in waiting
            self._commit(connection, [write for write in waiting if write is not None])
        # The last one to close the file puts the log into it.
        with self._its_turn():
            connection.close()

    def _commit(self, connection: sqlite3.Connection, writes: list[_Write]) -> None:
        try:
            with self._its_turn():
                outcomes = self._transact(connection, writes)
        except Exception as error:
            failed: Exception = error
            if isinstance(error, (sqlite3.Error, OSError)):
                failed = StoreUnavailable(f"SQLite: {error}")
            outcomes = [failed for _ in writes]
        for write, outcome in zip(writes, outcomes, strict=True):
            if isinstance(outcome, Exception):
                write.future.set_exception(outcome)
            else:
                write.future.set_result(outcome)

    @contextmanager
    def _its_turn(self) -> Iterator[None]:
        """Wait for the processes that write: SQLite itself looks now and then whether
        it may, and never would where the others hardly pause."""
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)

    def _transact(
        self, connection: sqlite3.Connection, writes: list[_Write]
    ) -> list[Any]:
        outcomes: list[Any] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._before(connection)
            for write in writes:
                try:
                    outcomes.append(write.action(connection))
                except NotStored as error:
                    outcomes.append(error)
            self._after(connection)
            connection.execute("COMMIT")
        except Exception:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        return outcomes

    def close(self) -> None:
        if not self._writer.is_alive():
            return
        self._waiting.put(None)
        self._writer.join()
        with self._its_turn():
            while not self._readers.empty():
                self._readers.get().close()
        os.close(self._turn)
        if self._closed is not None:
            self._closed()
