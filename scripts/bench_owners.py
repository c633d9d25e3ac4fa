"""Whether the time of an answer tells that another owner has a response.

    scripts/run.sh bench_owners [--rounds 2000]

vLLM's HTTP application runs in this process, with two API keys, and listens on a
loopback port. With one key, responses are asked for that the other one has made, and
such as nobody has, in turn: read, listed and continued. Medians in microseconds; the
ratio's spread is that of the medians of ten parts of the rounds.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

from harness.app import CHAT_ARGS, MODEL_NAME, ServerFactory, environment  # noqa: E402
from harness.model_folder import write_chat_model  # noqa: E402
from harness.scripted_engine import Answer  # noqa: E402

import vllm_responses_fix  # noqa: E402

OWNER, OTHER = ({"Authorization": f"Bearer {key}"} for key in ("first", "second"))
PARTS = 10
RESPONSES = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=2000)
    rounds = parser.parse_args().rounds
    vllm_responses_fix.install()
    print(f"{rounds} rounds           another's   nobody's   ratio (spread)")
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(measure_all(Path(name), rounds))


async def measure_all(folder: Path, rounds: int) -> None:
    args = (*CHAT_ARGS, "--api-key", "first", "second", "--uvicorn-log-level=error")
    factory = ServerFactory(write_chat_model(folder / "model"), args)
    for store in ("memory", f"sqlite://{folder / 'responses.db'}"):
        with environment(VLLM_RESPONSES_FIX_STORE=store):
            await measure(factory, store.partition(":")[0], rounds)


async def measure(factory: ServerFactory, store: str, rounds: int) -> None:
    """Print the times of a server with one store."""
    server = await factory.start()
    server.engine.script = lambda _: Answer("Hello.")
    async with server.listening() as url, httpx.AsyncClient(timeout=60) as client:
        body = {"model": MODEL_NAME, "input": "Hi."}
        others = []
        for _ in range(RESPONSES):
            made = await client.post(f"{url}/responses", json=body, headers=OWNER)
            others.append(made.json()["id"])
        nobodys = [id[:-1] + "_" for id in others]

        async def ask(what: str, id: str) -> float:
            start = time.perf_counter()
            if what == "continue":
                chained = {**body, "previous_response_id": id}
                reply = await client.post(
                    f"{url}/responses", json=chained, headers=OTHER
                )
            else:
                path = f"{url}/responses/{id}{what}"
                reply = await client.get(path, headers=OTHER)
            taken = time.perf_counter() - start
            assert reply.status_code in (400, 404), reply.text
            return taken * 1e6

        for what in ("", "/input_items", "continue"):
            times: tuple[list[float], list[float]] = ([], [])
            for number in range(rounds):
                kinds = [(times[0], others), (times[1], nobodys)]
                # Who comes first is not to be the same each time.
                for taken, ids in kinds if number % 2 else reversed(kinds):
                    taken.append(await ask(what, ids[number % RESPONSES]))
            print(f"{store:7} {what or 'read':14} {_line(*times)}", flush=True)
    await server.close()


def _line(others: list[float], nobodys: list[float]) -> str:
    medians = [statistics.median(others), statistics.median(nobodys)]
    size = len(others) // PARTS
    ratios = [
        statistics.median(others[start : start + size])
        / statistics.median(nobodys[start : start + size])
        for start in range(0, size * PARTS, size)
    ]
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    ratio = medians[0] / medians[1]
    return f"{medians[0]:10.0f} {medians[1]:10.0f}   {ratio:.3f} ({spread})"


if __name__ == "__main__":
    main()
