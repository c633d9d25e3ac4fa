"""Starts vLLM servers for the demo model and makes sure they go away again."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

SCRIPTS = Path(__file__).resolve().parent.parent
MODEL_DIR = SCRIPTS / "demo_model"
MODEL_NAME = "google/gemma-4-26B-A4B-it"  # what the bug report's requests ask for
LOG_LINES_SHOWN = 25
SECONDS_TO_STOP = 15
# After a signal, somebody waits at a terminal, and there is nothing to save.
SECONDS_TO_STOP_AT_ONCE = 2

# Small and quick to start: no compilation, a small cache, and float32, because
# processors without AVX-512 emulate bfloat16.
ARGUMENTS = (
    "serve", str(MODEL_DIR),
    "--served-model-name", MODEL_NAME,
    "--host", "127.0.0.1",
    "--dtype", "float32",
    "--enforce-eager",
    "--max-model-len", "4096",
    "--max-num-batched-tokens", "512",
    "--max-num-seqs", "16",
    "--block-size", "32",
    "--tool-call-parser", "hermes",
    "--enable-auto-tool-choice",
    "--enable-prompt-tokens-details",
)  # fmt: skip
ENVIRONMENT = {
    "VLLM_ENABLE_RESPONSES_API_STORE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
}
# Lines of the log that tell how far a starting server is.
MILESTONES = (
    ("Initializing a V1 LLM engine", "starting the engine"),
    ("Starting to load model", "loading the model"),
    ("Warming up model", "warming up"),
    ("Starting vLLM", "opening the port"),
)


class ServerFailed(RuntimeError):
    """A server ended, or did not answer, before it was ready."""


class Server:
    """A vLLM server on 127.0.0.1 for as long as its `with` block lasts.

    Args:
        name: What to call the server in messages.
        python: The interpreter whose vLLM is started.
        log: Where the server's output goes.
        environment: Variables to set for the server on top of this process's own.
        arguments: Further arguments of `vllm serve`.

    `PYTHONPATH` and vLLM's own variables are not inherited, so that only `environment`
    decides whether the server has the kit.
    """

    def __init__(
        self,
        name: str,
        python: str,
        log: Path,
        *,
        environment: Mapping[str, str],
        arguments: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.log = log
        self.port = free_port()
        self._command = [
            python,
            str(SCRIPTS / "demo" / "serve" / "vllm_serve.py"),
            *ARGUMENTS,
            "--port",
            str(self.port),
            *arguments,
        ]
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name != "PYTHONPATH" and not name.startswith("VLLM_")
        }
        self._environment = {**inherited, **ENVIRONMENT, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Server:
        self.start()
        return self

    def start(self) -> None:
        """Start it, at the same port as before if it has been killed."""
        with self.log.open("wb") as log:
            # A session of its own: a Ctrl-C in the terminal reaches only this
            # process, and one signal reaches all of the server's.
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=self.log.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End all its processes with SIGKILL."""
        assert self._process is not None
        self._signal(signal.SIGKILL)
        self._process.wait()
        while self.processes():
            time.sleep(0.1)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process is not None
        seconds = SECONDS_TO_STOP
        if exc_type is not None and not issubclass(exc_type, Exception):
            seconds = SECONDS_TO_STOP_AT_ONCE
            print(f"\nStopping the server: {self.name} ...", file=sys.stderr)
        try:
            self._signal(signal.SIGTERM)
            deadline = time.monotonic() + seconds
            while self.processes() and time.monotonic() < deadline:
                time.sleep(0.1)
        finally:
            # Also after a second Ctrl-C, and for workers that outlive the server.
            self.kill()

    def processes(self) -> list[int]:
        """Return the ids of the server's processes that run."""
        assert self._process is not None
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                # proc_pid_stat(5): the name, in parentheses, may hold anything.
                state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
                if int(group) == self._process.pid and state != "Z":
                    found.append(int(stat.parent.name))
        return found

    def poll(self) -> str | None:
        """Return what the server is busy with, or None when it answers requests.

        Raises:
            ServerFailed: The process has ended. The message has the end of its log.
        """
        assert self._process is not None
        status = self._process.poll()
        if status is not None:
            raise ServerFailed(self._explain(f"ended with status {status}"))
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5):
                return None
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            text = self.log.read_text("utf-8", "replace")
            reached = [phase for mark, phase in MILESTONES if mark in text]
            return reached[-1] if reached else "importing vLLM"

    def wait(self, seconds: float = 600) -> None:
        """Return when the server answers requests.

        Raises:
            ServerFailed: It ended, or did not answer in `seconds`.
        """
        deadline = time.monotonic() + seconds
        while self.poll() is not None:
            if time.monotonic() > deadline:
                raise ServerFailed(self._explain(f"not ready after {seconds:.0f} s"))
            time.sleep(0.5)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _explain(self, what: str) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines()
        tail = "\n".join(f"  | {line}" for line in lines[-LOG_LINES_SHOWN:])
        return f"The {self.name} server {what}. The end of {self.log}:\n{tail}"


def free_port() -> int:
    """Return a port on 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
