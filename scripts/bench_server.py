"""What the server costs for one more turn of an agent's loop, by id and replayed.

    scripts/run.sh bench_server [--turns 400] [--rounds 5]

vLLM's HTTP application runs in two processes, stock and with the kit, over an engine
that generates at once what it is told to, so the time of a request is that of the
server: reading the body, building the messages, chat template, tokenization, parsing
the answer. It is the CPU time of the process, which other work on the machine disturbs
less. The requests go to both in turn, in one run; medians. Stock vLLM loses the calls,
so its prompts are shorter: what the kit adds is the difference per prompt token. Turn 1
is short, so it is measured a hundred times as often. Then many branches from one
response at once.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

import httpx  # noqa: E402
from harness.app import ServerFactory  # noqa: E402
from harness.forked import ForkedServer  # noqa: E402
from harness.processes import cpu_seconds  # noqa: E402

import vllm_responses_fix  # noqa: E402
from scripts.agent_loop.loop import Loop, answer, prompt_of, user  # noqa: E402
from scripts.agent_loop.model import write_model  # noqa: E402

BRANCHES = 100
WARM_UP = 50
# What a server does after it has answered, in seconds.
SETTLED = 0.005


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--turns", type=int, default=400)
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        factory = ServerFactory(write_model(Path(folder)))
        servers = {"stock": ForkedServer(factory, answer, {})}
        print(vllm_responses_fix.install().summary(), end="\n\n", flush=True)
        servers["patched"] = ForkedServer(factory, answer, {})
        try:
            asyncio.run(measure(servers, options.turns, options.rounds))
        finally:
            for server in servers.values():
                server.kill()


async def measure(servers: dict[str, ForkedServer], turns: int, rounds: int) -> None:
    """Hold the loop with each of the servers, and print what turns cost."""
    print(
        f"One more turn of an agent's loop, {rounds} rounds: CPU time of the server, "
        "request bytes, prompt tokens"
    )
    by_id: list[float] = []
    async with AsyncExitStack() as clients:
        loops: dict[str, MeasuredLoop] = {}
        for name, server in servers.items():
            url = server.url.removesuffix("/v1")
            client = httpx.AsyncClient(base_url=url, timeout=None)
            http = await clients.enter_async_context(client)
            loops[name] = MeasuredLoop(http, pid=server.pid)
        for turn in range(1, turns + 1):
            if turn == 1:
                # What servers do once, and short times, which differ more.
                await measure_turn(loops, WARM_UP)
                print_turn(turn, await measure_turn(loops, 100 * rounds))
            elif turn in _shown(turns):
                measured = await measure_turn(loops, rounds)
                print_turn(turn, measured)
                by_id.append(measured["by id, patched"].seconds)
            if turn == min(100, turns):
                await measure_branches(loops, rounds)
            for loop in loops.values():
                await loop.advance()
    print(
        f"By id, patched, from turn {turns // 4} to turn {turns}: "
        f"time {by_id[-1] / by_id[0]:.2f}"
    )


@dataclass(kw_only=True)
class MeasuredLoop(Loop):
    """The loop with a server that is a process.

    Attributes:
        pid: of the server.
    """

    pid: int

    async def seconds(self, *contents: bytes) -> float:
        """The CPU time of requests that are made at the same time."""
        started = cpu_seconds([self.pid])
        await asyncio.gather(*map(self.post, contents))
        await asyncio.sleep(SETTLED)
        return cpu_seconds([self.pid]) - started


@dataclass
class Measured:
    """A way to make a turn."""

    request_bytes: int
    prompt_tokens: int
    seconds: float


async def measure_turn(
    loops: dict[str, MeasuredLoop], rounds: int
) -> dict[str, Measured]:
    """Make the next turn of each loop again and again, without going on from it."""
    stock, patched = loops["stock"], loops["patched"]
    ways = {
        "by id, stock": (stock, stock.chained),
        "by id, patched": (patched, patched.chained),
        "replayed": (patched, patched.replayed),
        "replayed, stock": (stock, patched.replayed),
    }
    prompts = {
        way: prompt_of(await loop.post(body(enable_response_messages=True)))
        for way, (loop, body) in ways.items()
    }
    if prompts["by id, patched"] != prompts["replayed"]:
        sys.exit("The prompts by id and replayed differ.")
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, (loop, body) in ways.items():
            times[way].append(await loop.seconds(body()))
    return {
        way: Measured(len(body()), len(prompts[way]), statistics.median(times[way]))
        for way, (_, body) in ways.items()
    }


def print_turn(turn: int, measured: dict[str, Measured]) -> None:
    stock, patched, replayed, replayed_on_stock = measured.values()
    print(f"Turn {turn}")
    for way, found in measured.items():
        print(
            f"  {way:16}{found.seconds * 1e3:9.1f} ms{found.request_bytes:10} bytes"
            f"{found.prompt_tokens:9} tokens"
        )
    print(
        f"  by id, patched / replayed: time {patched.seconds / replayed.seconds:.2f}, "
        f"bytes {patched.request_bytes / replayed.request_bytes:.4f}"
    )
    print(
        "  by id, patched / replayed, stock: time "
        f"{patched.seconds / replayed_on_stock.seconds:.2f}"
    )
    per_token = [way.seconds / way.prompt_tokens for way in (patched, stock)]
    print(
        "  by id, patched / stock: time per prompt token "
        f"{per_token[0] / per_token[1]:.2f}",
        flush=True,
    )


async def measure_branches(loops: dict[str, MeasuredLoop], rounds: int) -> None:
    """Continue one response in many ways at once."""
    patched = loops["patched"]
    questions = [
        [*patched.new_input, user(f"Question {number}?")] for number in range(BRANCHES)
    ]
    chained = [
        patched.chained(question, enable_response_messages=True)
        for question in questions
    ]
    branches = await asyncio.gather(*map(patched.post, chained))
    for question, branch in zip(questions, branches, strict=True):
        replayed = patched.replayed(question, enable_response_messages=True)
        if prompt_of(branch) != prompt_of(await patched.post(replayed)):
            sys.exit("The prompts of a branch, by id and replayed, differ.")
    print(f"{BRANCHES} branches from one response at once, each as when replayed")
    speeds = {}
    for name, loop in loops.items():
        questions = [
            [*loop.new_input, user(f"Question {number}?")] for number in range(BRANCHES)
        ]
        bodies = [loop.chained(question) for question in questions]
        times = [await loop.seconds(*bodies) for _ in range(rounds)]
        usage = (await loop.post(bodies[0]))["usage"]
        rate = BRANCHES / statistics.median(times)
        speeds[name] = rate * usage["input_tokens"]
        print(
            f"  by id, {name:9}{rate:9.1f} requests, {speeds[name]:.0f} prompt tokens "
            "per second of CPU time"
        )
    ratio = speeds["patched"] / speeds["stock"]
    print(f"  patched / stock: prompt tokens per second {ratio:.2f}", flush=True)


def _shown(turns: int) -> set[int]:
    return {1, *(turns * quarter // 4 for quarter in range(1, 5))}


if __name__ == "__main__":
    main()
