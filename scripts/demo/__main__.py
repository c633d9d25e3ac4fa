"""Shows the bug report's conversation on stock vLLM and on vLLM with the kit.

Run by `scripts/demo.sh`. Exits with 0 if the stock server fails the report's check
and the server with the kit passes every turn, and with 1 otherwise. With
`--store sqlite`, there is only the server with the kit, which stores its conversations
in a file, and after each turn it is killed and started again.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from rich.console import Console

from . import bug_report
from .bug_report import Turn
from .client import Client
from .kit import install_kit
from .server import Server, ServerFailed
from .signals import ended_by_signals
from .table import as_table, report_line, verdict

STOCK, PATCHED = "stock vLLM", "with the kit"
# A server's three processes take about 3 GB while they start.
MEMORY_SIDE_BY_SIDE = 8 * 2**30


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/demo.sh", description=__doc__)
    parser.add_argument(
        "--store",
        choices=["sqlite"],
        help="kill the server with the kit after each turn, and start it again",
    )
    store = parser.parse_args().store
    console = Console(highlight=False, soft_wrap=True)
    folder = Path(tempfile.mkdtemp(prefix="vllm-responses-fix-demo-"))
    with ended_by_signals(), ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, folder)
        try:
            demo = Demo(console, folder)
            return demo.run() if store is None else demo.run_across_kills()
        except ServerFailed as error:
            cleanup.pop_all()  # the folder has the whole log
            console.print(str(error), markup=False)
            console.print(_ADVICE.format(environment=sys.prefix), markup=False)
        except subprocess.CalledProcessError as error:
            console.print(f"Installing the kit failed:\n{error.stderr}", markup=False)
    return 1


_ADVICE = """\
What to do: the demo needs about 4 GB of free memory. If that is there and an import
failed, delete the environment and run the demo again, which makes it anew:
    rm -r {environment}"""


class Demo:
    """One run, with its console and a folder for logs and the installed kit."""

    def __init__(self, console: Console, folder: Path) -> None:
        self.console = console
        self.folder = folder
        self.started = time.monotonic()
        self.conversations: dict[str, list[Turn]] = {}

    def run(self) -> int:
        kit = self.install_kit()
        stock = self.server(STOCK, {})
        patched = self.server(PATCHED, kit)
        if _room_for_two():
            self.converse(stock, patched)
        else:
            self.converse(stock)
            self.converse(patched)
        self.console.print(as_table(self.conversations))
        for name, turns in self.conversations.items():
            self.console.print(f"{name}: {report_line(turns)}")
        stock_failed = not bug_report.recalls(self.conversations[STOCK][-1].reply)
        kit_passed = all(turn.passed for turn in self.conversations[PATCHED])
        self.say("done")
        return 0 if stock_failed and kit_passed else 1

    def run_across_kills(self) -> int:
        file = self.folder / "responses.db"
        store = {"VLLM_RESPONSES_FIX_STORE": f"sqlite://{file}"}
        server = self.server(PATCHED, {**self.install_kit(), **store})
        with server:
            self.wait([server])
            with Client(server.url) as client:
                turns = bug_report.run(
                    client, on_turn=partial(self.show_and_kill, server)
                )
        self.console.print(as_table({PATCHED: turns}))
        self.console.print(f"{PATCHED}: {report_line(turns)}")
        self.say("done")
        return 0 if all(turn.passed for turn in turns) else 1

    def show_and_kill(self, server: Server, turn: Turn) -> None:
        self.show(server, turn)
        if turn.number == bug_report.TURNS:
            return
        server.kill()
        self.say(f"{server.name}: killed (kill -9) and started again")
        server.start()
        self.wait([server])

    def install_kit(self) -> dict[str, str]:
        """Install the kit; returns what a server needs to have it."""
        self.say("installing the kit into a folder of its own (pip install --target)")
        kit = self.folder / "kit"
        install_kit(sys.executable, kit)
        return {"PYTHONPATH": str(kit)}

    def server(self, name: str, environment: dict[str, str]) -> Server:
        log = self.folder / f"{name.replace(' ', '-')}.log"
        return Server(name, sys.executable, log, environment=environment)

    def converse(self, *servers: Server) -> None:
        """Run the conversation against every server, started together."""
        with ExitStack() as running:
            for server in servers:
                running.enter_context(server)
                self.say(f"{server.name}: started, {server.url}")
            self.wait(list(servers))
            for server in servers:
                with Client(server.url) as client:
                    self.conversations[server.name] = bug_report.run(
                        client, on_turn=partial(self.show, server)
                    )

    def wait(self, servers: list[Server]) -> None:
        phases: dict[str, str | None] = {}
        while servers:
            for server in list(servers):
                phase = server.poll()
                if phase is None:
                    servers.remove(server)
                    self.say(f"{server.name}: ready")
                elif phases.get(server.name) != phase:
                    self.say(f"{server.name}: {phase}")
                    phases[server.name] = phase
            time.sleep(0.5)

    def show(self, server: Server, turn: Turn) -> None:
        self.say(f"{server.name}: turn {turn.number}: {turn.said} ", end="")
        self.console.print(verdict(turn.passed))

    def say(self, text: str, end: str = "\n") -> None:
        elapsed = time.monotonic() - self.started
        self.console.print(f"{elapsed:5.0f} s  {text}", markup=False, end=end)


def _room_for_two() -> bool:
    meminfo = Path("/proc/meminfo").read_text("ascii")
    (available,) = re.findall(r"^MemAvailable:\s*(\d+) kB$", meminfo, re.MULTILINE)
    enough = int(available) * 1024 >= MEMORY_SIDE_BY_SIDE
    return enough and len(os.sched_getaffinity(0)) >= 2


if __name__ == "__main__":
    sys.exit(main())
