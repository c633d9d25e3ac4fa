"""A SQLite file for the API processes of one server, gone with the last of them."""

import fcntl
import hashlib
import multiprocessing
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from .protocol import Clock, StoreUnavailable
from .sqlite import SqliteStore

# Folders of this name are deleted when nobody uses them: nothing else may have it.
_PREFIX = "vllm-responses-fix-store-"
_DELETED = ".deleted"


def open_temporary(*, ttl: float, max_bytes: int, clock: Clock) -> SqliteStore:
    """Open the file that all processes of this server share.

    Raises:
        StoreUnavailable: there is no folder for temporary files that can be written.
    """
    try:
        _delete_abandoned()
        folder = _Folder.join(_shared_path())
    except OSError as error:
        raise StoreUnavailable(
            f"no temporary file can be made in {tempfile.gettempdir()} "
            f"({error.strerror}), so set TMPDIR, or name a file: sqlite:///path/file.db"
        ) from None
    try:
        # Nobody reads it after the server has ended, so it need not survive that.
        return SqliteStore(
            folder.path / "responses.db",
            ttl=ttl,
            max_bytes=max_bytes,
            clock=clock,
            durable=False,
            closed=folder.leave,
        )
    except BaseException:
        folder.leave()
        raise


def _shared_path() -> Path:
    # multiprocessing hands this random key down to all processes that it starts,
    # however it starts them; to nobody else, so nobody can be there first.
    key = bytes(multiprocessing.current_process().authkey)
    name = hashlib.sha256(b"vllm-responses-fix" + key).hexdigest()[:32]
    return Path(tempfile.gettempdir()) / f"{_PREFIX}{name}"


class _Folder:
    """A folder (mode 0700) that is deleted by the last process to leave it.

    Attributes:
        path: of the folder.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def join(cls, path: Path) -> "_Folder":
        """Be one of those who use the folder, the first if it is not there."""
        while True:
            path.mkdir(mode=0o700, exist_ok=True)
            with suppress(FileNotFoundError):
                lock = _open(path)
                # systemd-tmpfiles deletes nothing in a folder that is locked.
                fcntl.flock(lock, fcntl.LOCK_SH)
                # The last one may have deleted the folder before this one had the lock.
                with suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(lock), os.stat(path)):
                        return cls(path, lock)
                os.close(lock)

    def leave(self) -> None:
        _delete_unless_used(self.path, self._lock)


def _delete_abandoned() -> None:
    """Delete what processes left here that were killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if path.lstat().st_uid != os.getuid():
                continue
            if path.suffix == _DELETED:
                shutil.rmtree(path, ignore_errors=True)
            else:
                _delete_unless_used(path, _open(path))


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


def _delete_unless_used(path: Path, lock: int) -> None:
    """Delete the folder if nobody else has its lock, and close the lock."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever joins while it is being deleted makes a new one.
        path = path.rename(path.with_suffix(_DELETED))
        shutil.rmtree(path, ignore_errors=True)
    except OSError:
        # Another process uses it, or deletes it just now.
        return
    finally:
        os.close(lock)
