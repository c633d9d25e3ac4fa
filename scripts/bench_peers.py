"""An agent's loop by id with the kit, replayed on stock vLLM, and through a gateway.

    scripts/run.sh bench_peers [--turns 400]

The same loop is held, turn by turn in one run, with vLLM and the kit (by id, SQLite's
file as the store), with stock vLLM (in full), and with `agentic-api` in front of stock
vLLM (by id, SQLite's file as well). vLLM's HTTP application runs in processes over an
engine that generates at once what it is told to. Then `verify`'s conversations are held
with each by id, and with stock vLLM also by id. Every prompt is compared, by the token
ids that reached the engine, with that of the same items sent to that engine's vLLM in
full. Clients send their tools and instructions with every request, as OpenAI's API
wants it; the gateway would keep them. It is fetched from PyPI, into an environment of
its own in the user's cache folder.
"""

import argparse
import asyncio
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

import httpx  # noqa: E402
import vllm  # noqa: E402
from harness.app import ServerFactory  # noqa: E402
from harness.forked import ForkedServer  # noqa: E402
from harness.processes import cpu_seconds, resident_bytes  # noqa: E402
from harness.scripted_engine import EnginePrompt, Script  # noqa: E402
from harness.vocabulary import cache_folder  # noqa: E402
from verify.models import able  # noqa: E402

import vllm_responses_fix  # noqa: E402
from scripts.agent_loop.chart import chart  # noqa: E402
from scripts.agent_loop.loop import Loop, answer  # noqa: E402
from scripts.agent_loop.model import write_model  # noqa: E402
from vllm_responses_fix.verify.checks import CHECKS  # noqa: E402
from vllm_responses_fix.verify.run import hold, prepare  # noqa: E402
from vllm_responses_fix.verify.server import CannotTell, Reply, Server  # noqa: E402

GATEWAY = "agentic-api==0.9.0"
# The environment of vLLM 0.21 has the Python that it is run with.
NOT_MEASURED = "ogx 1.5.0: not measured, as it asks for Python 3.12 or later"
KIT = "by id, with the kit"
REPLAYED = "replayed, stock"
BY_GATEWAY = f"by id, {GATEWAY.partition('==')[0]}"
BY_STOCK = "by id, stock"
# How many turns a figure is the median of.
WINDOW = 20
# What servers do after they have answered, in seconds.
SETTLED = 0.005
MIB = 1 << 20
FIGURE = ROOT / "docs" / "bench_peers.svg"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--turns", type=int, default=400)
    turns = arguments.parse_args().turns
    program = fetched_gateway()
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        factory = ServerFactory(write_model(folder / "model"))
        prompts: Any = multiprocessing.get_context("fork").SimpleQueue()
        store = {"VLLM_RESPONSES_FIX_STORE": f"sqlite://{folder / 'kit' / 'kit.db'}"}
        for part in ("kit", "gateway", "held"):
            (folder / part).mkdir()

        def started(script: Script, settings: Mapping[str, str]) -> ForkedServer:
            server = ForkedServer(factory, script, settings)
            running.callback(server.kill)
            return server

        def recorded(prompt: EnginePrompt) -> Any:
            prompts.put((list(prompt.token_ids), prompt.text))
            return able(prompt)

        replayed, behind = started(answer, {}), started(answer, {})
        held = started(recorded, {})
        vllm_responses_fix.install()
        kit, held_by_kit = started(answer, store), started(recorded, {})
        gateway = running.enter_context(
            gateway_of(program, behind.url, folder / "gateway")
        )
        held_gateway = running.enter_context(
            gateway_of(program, held.url, folder / "held")
        )
        print(
            f"vLLM {vllm.__version__.partition('+')[0]}, {GATEWAY}, "
            f"{datetime.now(timezone.utc):%Y-%m-%d}\n{NOT_MEASURED}\n"
        )
        peers = [
            Peer(KIT, kit.url, [kit.pid], folder / "kit"),
            Peer(REPLAYED, replayed.url, [replayed.pid], None),
            Peer(
                BY_GATEWAY, gateway.url, [gateway.pid, behind.pid], folder / "gateway"
            ),
        ]
        asyncio.run(hold_loops(peers, turns))
        print_costs(peers, turns)
        print(f"\nOf verify's {len(CHECKS)} conversations, by id as in full")
        for way, by_id, in_full in (
            (KIT, held_by_kit.url, held_by_kit.url),
            (BY_GATEWAY, held_gateway.url, held.url),
            (BY_STOCK, held.url, held.url),
        ):
            print(f"  {way:24}{conversations(Observed(by_id, in_full, prompts))}")
    lines = {peer.name: [turn.cpu * 1e3 for turn in peer.turns] for peer in peers}
    FIGURE.write_text(
        chart("CPU time of all processes, by turn", "ms", lines), encoding="utf-8"
    )


@dataclass
class Turn:
    """What one turn took: seconds, and CPU seconds of all processes."""

    seconds: float
    cpu: float


@dataclass
class Peer:
    """A way to hold the loop.

    Attributes:
        url: where its requests go, with `/v1`.
        pids: all processes behind it.
        store: the folder of its store's files; None if it is replayed.
        resident: bytes of memory after the first turns, and after the last.
        stored: bytes of the store's files then.
    """

    name: str
    url: str
    pids: list[int]
    store: Path | None
    turns: list[Turn] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)

    def look(self) -> None:
        """Note its memory and its store's size."""
        self.resident.append(resident_bytes(self.pids))
        files = self.store.iterdir() if self.store else ()
        self.stored.append(
            sum(file.stat().st_size for file in files if ".db" in file.name)
        )


async def hold_loops(peers: list[Peer], turns: int) -> None:
    """Make every turn with each of the peers, one after the other."""
    async with AsyncExitStack() as clients:
        loops = []
        for peer in peers:
            url = peer.url.removesuffix("/v1")
            client = httpx.AsyncClient(base_url=url, timeout=None)
            loops.append(Loop(await clients.enter_async_context(client)))
        for turn in range(1, turns + 1):
            for peer, loop in zip(peers, loops, strict=True):
                body = loop.replayed() if peer.store is None else loop.chained()
                before, started = cpu_seconds(peer.pids), time.perf_counter()
                response = await loop.post(body)
                seconds = time.perf_counter() - started
                await asyncio.sleep(SETTLED)
                peer.turns.append(Turn(seconds, cpu_seconds(peer.pids) - before))
                loop.went_on(response)
                if turn in (min(WINDOW, turns - 1), turns):
                    peer.look()


def print_costs(peers: list[Peer], turns: int) -> None:
    (stock,) = (peer for peer in peers if peer.name == REPLAYED)
    print(f"An agent's loop of {turns} turns; times are medians of {WINDOW} turns, ms")
    print(
        f"{'':26}{'CPU time of a turn':>24}{'time to the answer':>24}"
        f"{'more than':>12}{'memory':>10}{'stored':>12}"
    )
    print(
        f"{'':26}{'first':>12}{'last':>12}{'first':>12}{'last':>12}"
        f"{'replayed':>12}{'grown by':>10}{'a turn':>12}"
    )
    for peer in peers:
        cpu = [turn.cpu * 1e3 for turn in peer.turns]
        wait = [turn.seconds * 1e3 for turn in peer.turns]
        added = _last(wait) - _last([turn.seconds * 1e3 for turn in stock.turns])
        stored = (peer.stored[-1] - peer.stored[0]) / max(turns - WINDOW, 1)
        print(
            f"  {peer.name:24}{_first(cpu):12.1f}{_last(cpu):12.1f}"
            f"{_first(wait):12.1f}{_last(wait):12.1f}{added:+12.1f}"
            f"{(peer.resident[-1] - peer.resident[0]) / MIB:6.0f} MiB"
            f"{stored:8.0f} bytes"
        )


def _first(figures: list[float]) -> float:
    return statistics.median(figures[:WINDOW])


def _last(figures: list[float]) -> float:
    return statistics.median(figures[-WINDOW:])


class Observed(Server):
    """A server whose prompts are those that reached the engine.

    Args:
        by_id: where conversations are held.
        in_full: where they are replayed.
        prompts: those of the engine of both.
    """

    def __init__(self, by_id: str, in_full: str, prompts: Any) -> None:
        super().__init__(by_id)
        self._in_full = Server(in_full)
        self._prompts = prompts

    def create(self, body: Mapping[str, Any]) -> Reply:
        if body.get("store") is False:
            reply = self._in_full.create(body)
        else:
            reply = super().create(body)
        seen = []
        while not self._prompts.empty():
            seen.append(self._prompts.get())
        if reply.error:
            return reply
        messages = [{"tokens": token_ids, "message": text} for token_ids, text in seen]
        return replace(reply, response={**reply.response, "input_messages": messages})


def conversations(server: Server) -> str:
    """How verify's conversations go, and which of them don't."""
    try:
        results = list(hold(prepare(server, None)))
    except CannotTell as error:
        return str(error)
    states = Counter(result.state for result in results)
    said = [f"{states['equal']} equal"]
    for result in results:
        if result.state != "equal":
            said.append(f"{result.check.name} {result.state}")
    return ", ".join(said)


@dataclass(frozen=True)
class Gateway:
    """A gateway that runs."""

    url: str
    pid: int


@contextmanager
def gateway_of(program: Path, url: str, folder: Path) -> Iterator[Gateway]:
    """The gateway in front of a server, with its files in a folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = {
        "--llm-api-base": url,
        "--gateway-host": "127.0.0.1",
        "--gateway-port": str(port),
        "--db-url": f"sqlite://{folder / 'gateway.db'}?mode=rwc",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(program), *(word for pair in command.items() for word in pair)],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/health", process)
        yield Gateway(f"http://127.0.0.1:{port}/v1", process.pid)
    finally:
        process.kill()
        process.wait()


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(120):
        if process.poll() is not None:
            break
        with suppress(urllib.error.URLError), urllib.request.urlopen(url):
            return
        time.sleep(0.5)
    sys.exit(f"{GATEWAY} does not start.")


def fetched_gateway() -> Path:
    """The program of the gateway, in an environment in the user's cache folder."""
    folder = cache_folder() / "peers" / GATEWAY
    program = folder / "bin" / "agentic-server"
    if not program.exists():
        print(f"Fetching {GATEWAY} ...", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--no-deps", GATEWAY], check=True)
    return program


if __name__ == "__main__":
    main()
