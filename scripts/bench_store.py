"""What a store costs: one more turn of an agent's loop with each, and with stock vLLM.

    scripts/run.sh bench_store [--turns 400] [--rounds 15]

vLLM's HTTP application runs in this process over an engine that generates at once what
it is told to, once with each store. SQLite's file is in a temporary folder; the Redis
server (`appendfsync always`) and the PostgreSQL server run beside it. The same chained
turn is made again and again, by each in turn, and stored each time: continued from the
process's memory, and *cold*, with nothing in that, neither the conversation nor the
prompts that were tokenized before, as after a restart. Beside them the request that
replays the conversation in such a process, and the turn that has its conversation in
memory and is tokenized whole, as without the patch known-prefix. Medians of the time
from request to response; the ratios are to the store in memory, continued from memory,
and to the same tokenized whole. Then a hundred conversations at once.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "store")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

import psycopg  # noqa: E402
import redis  # noqa: E402
from harness.app import ScriptedServer, ServerFactory, environment  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402
from redis_server import RedisServer  # noqa: E402

import vllm_responses_fix  # noqa: E402
from scripts.agent_loop.loop import Loop, answer  # noqa: E402
from scripts.agent_loop.model import write_model  # noqa: E402
from vllm_responses_fix.patches.chat.known_prefix import tokenized  # noqa: E402
from vllm_responses_fix.stored.conversations import conversations_of  # noqa: E402

BRANCHES = 100
STOCK = "stock"
MEMORY = "memory"
WHOLE = "memory, tokenized whole"


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        factory = ServerFactory(write_model(folder / "model"))
        stores = running.enter_context(_stores(folder))
        loops: dict[str, ServedLoop] = {}
        vllm_responses_fix.install()
        for way, url in stores.items():
            with environment(VLLM_RESPONSES_FIX_STORE=url):
                loops[way] = ServedLoop(await factory.start())
        vllm_responses_fix.uninstall()
        with environment():
            loops[STOCK] = ServedLoop(await factory.start())
        shown = sorted({10, 100, options.turns} & set(range(options.turns + 1)))
        print(f"One more turn, {options.rounds} rounds")
        turn = 1
        for next_shown in shown:
            await advance(loops, next_shown - turn)
            turn = next_shown
            print_turn(turn, await measure(loops, options.rounds))
        print_sizes(loops, stores)
        await measure_many(loops)
        for way in stores:
            _stored_by(loops[way]).store.close()


class ServedLoop(Loop):
    """The loop with a server of this process."""

    def __init__(self, server: ScriptedServer) -> None:
        super().__init__(server.http)
        self.server = server
        server.engine.script = answer


@contextmanager
def _stores(folder: Path) -> Iterator[dict[str, str]]:
    with closing(RedisServer()) as redis_server, closing(PostgresServer()) as postgres:
        yield {
            MEMORY: "memory",
            "SQLite": f"sqlite://{folder / 'responses.db'}",
            "Redis": redis_server.url,
            "PostgreSQL": postgres.url,
        }


async def advance(loops: dict[str, ServedLoop], turns: int) -> None:
    for way, loop in loops.items():
        _switch(way)
        for _ in range(turns):
            await loop.advance()


async def measure(loops: dict[str, ServedLoop], rounds: int) -> dict[str, float]:
    """Seconds of the next turn, by store; `..., cold` with nothing in memory."""

    async def measure_way(name: str, loop: ServedLoop, content: bytes) -> None:
        times.setdefault(name, []).append(await _seconds(loop, content))

    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        for way, loop in loops.items():
            _switch(way)
            # The prompts that this way had before have been forgotten since.
            await _seconds(loop, loop.chained())
            await measure_way(way, loop, loop.chained())
            if way == STOCK:
                continue
            _stored_by(loop).cache.clear()
            _forget_prompts()
            await measure_way(f"{way}, cold", loop, loop.chained())
            if way == MEMORY:
                _forget_prompts()
                await measure_way(WHOLE, loop, loop.chained())
                _forget_prompts()
                await measure_way("replayed, cold", loop, loop.replayed())
    return {way: statistics.median(each) for way, each in times.items()}


def print_turn(turn: int, measured: dict[str, float]) -> None:
    print(f"Turn {turn}")
    for way, seconds in measured.items():
        ratios = "".join(f"{seconds / measured[to]:8.2f}" for to in (MEMORY, WHOLE))
        print(f"  {way:24}{seconds * 1e3:9.1f} ms{ratios}")
    print(flush=True)


def print_sizes(loops: dict[str, ServedLoop], stores: dict[str, str]) -> None:
    print("Bytes a turn, tool call and result of 300 characters: of records, on disk")
    on_disk = {
        "SQLite": _sqlite_bytes,
        "Redis": _redis_bytes,
        "PostgreSQL": _postgres_bytes,
    }
    for way, url in stores.items():
        usage = _stored_by(loops[way]).store.usage()
        size = on_disk[way](url) // usage.records if way in on_disk else 0
        print(f"  {way:18}{usage.bytes // usage.records:9}{size or '':>9}")
    print(flush=True)


def _sqlite_bytes(url: str) -> int:
    return Path(url.removeprefix("sqlite://")).stat().st_size


def _redis_bytes(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        # Its log holds what its memory does once it has been rewritten.
        dataset: Any = client.info("memory")
        return int(dataset["used_memory_dataset"])


def _postgres_bytes(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class "
            "WHERE relkind = 'r' AND relname LIKE 'vllm_responses_%'"
        ).fetchone()
    assert row is not None
    return int(row[0])


async def measure_many(loops: dict[str, ServedLoop]) -> None:
    """Hold a hundred conversations at once."""
    print(f"{BRANCHES} conversations of 5 turns at once")
    rates = {}
    for way, loop in loops.items():
        _switch(way)
        talks = [ServedLoop(loop.server) for _ in range(BRANCHES)]

        async def hold(talk: Loop) -> None:
            for _ in range(5):
                await talk.advance()

        started = time.perf_counter()
        await asyncio.gather(*map(hold, talks))
        rates[way] = 5 * BRANCHES / (time.perf_counter() - started)
    for way, rate in rates.items():
        print(f"  {way:18}{rate:9.0f} turns a second{rate / rates[MEMORY]:8.2f}")


def _forget_prompts() -> None:
    """Let the process be one that has tokenized no prompt yet."""
    for prompts in tokenized._known.values():
        for known in prompts.values():
            if known is not None:
                known.clear()


def _stored_by(loop: ServedLoop) -> Any:
    return conversations_of(loop.server.app.state.openai_serving_responses)


async def _seconds(loop: ServedLoop, content: bytes) -> float:
    started = time.perf_counter()
    await loop.post(content)
    return time.perf_counter() - started


def _switch(way: str) -> None:
    if way == STOCK:
        vllm_responses_fix.uninstall()
    else:
        vllm_responses_fix.install()


if __name__ == "__main__":
    asyncio.run(main())
