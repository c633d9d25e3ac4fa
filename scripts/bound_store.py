"""Does the memory of a server grow with the responses that it has answered?

    scripts/run.sh bound_store [--responses 20000] [--limit 1000]

vLLM's HTTP application runs in a process over an engine that generates at once what it
is told to: with the kit and a store in memory that has room for so many responses, and
beside it stock vLLM. Clients ask both for small responses, each a conversation of its
own. The resident memory of the processes is printed as they go; with the kit it may be
5% over what it was after the first tenth.
"""

import argparse
import asyncio
import sys
import tempfile
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

import httpx  # noqa: E402
from harness.answers import chat_answer  # noqa: E402
from harness.app import MODEL_NAME, ServerFactory  # noqa: E402
from harness.forked import ForkedServer  # noqa: E402
from harness.model_folder import write_chat_model  # noqa: E402

import vllm_responses_fix  # noqa: E402
from vllm_responses_fix.store.sqlite import SqliteStore  # noqa: E402

CLIENTS = 4
STEPS = 10
MIB = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--responses", type=int, default=20_000)
    parser.add_argument("--limit", type=int, default=1_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        factory = ServerFactory(write_chat_model(Path(folder) / "model"))
        stock = ForkedServer(factory, answer, {})
        vllm_responses_fix.install()
        limit = options.limit * record_bytes(factory, Path(folder) / "responses.db")
        patched = ForkedServer(
            factory,
            answer,
            {
                "VLLM_RESPONSES_FIX_STORE": "memory",
                "VLLM_RESPONSES_FIX_STORE_MAX_BYTES": str(limit),
            },
        )
        try:
            sizes = asyncio.run(grow([patched, stock], options.responses))
        finally:
            patched.kill()
            stock.kill()
    over = sizes[-1][0] / sizes[0][0] - 1
    print(
        f"After the first tenth: with the kit {over:+.1%}, "
        f"stock {sizes[-1][1] / sizes[0][1] - 1:+.1%}"
    )
    if over > 0.05:
        sys.exit("The memory of the server with the kit has grown.")


def answer(_: object) -> object:
    return chat_answer("Hello.")


def record_bytes(factory: ServerFactory, path: Path) -> int:
    """What one of the responses takes of a store."""
    server = ForkedServer(
        factory, answer, {"VLLM_RESPONSES_FIX_STORE": f"sqlite://{path}"}
    )
    try:
        asyncio.run(ask([server], 1))
    finally:
        server.kill()
    with closing(SqliteStore(path, ttl=1e9, max_bytes=None)) as store:
        return store.usage().bytes


async def grow(servers: list[ForkedServer], responses: int) -> list[list[int]]:
    """Ask for responses; resident bytes of each server at each step."""
    print(f"{'responses':>10}{'with the kit':>16}{'stock':>16}")
    sizes = []
    for step in range(1, STEPS + 1):
        await ask(servers, responses // STEPS)
        sizes.append([server.resident_bytes for server in servers])
        row = "".join(f"{size / MIB:12.0f} MiB" for size in sizes[-1])
        print(f"{step * responses // STEPS:10}{row}", flush=True)
    return sizes


async def ask(servers: list[ForkedServer], responses: int) -> None:
    """Have each server answer so many requests, a few at a time."""

    async def one_client(http: httpx.AsyncClient, number: int) -> None:
        for _ in range(number):
            reply = await http.post(
                "/responses", json={"model": MODEL_NAME, "input": "Hi."}
            )
            assert reply.status_code == 200, reply.text

    for server in servers:
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
            each = [responses // CLIENTS] * (CLIENTS - 1)
            each.append(responses - sum(each))
            await asyncio.gather(*(one_client(http, number) for number in each))


if __name__ == "__main__":
    main()
