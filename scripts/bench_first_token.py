"""How long a client waits for the first token, by id and replayed, on a real engine.

    scripts/run.sh bench_first_token [--rounds 60]

Two vLLM servers with the demo's model run on this machine's CPU, stock and with the
kit, side by side. A conversation of an agent's loop is stored; then requests that go
on from it are streamed, by id and in full, to both in turn. What they ask is new each
time, so that the engine has the history in its prefix cache and nothing else, as with
every turn. Milliseconds from sending a request to the first delta: medians, and
quartiles in brackets. The model takes 4,096 tokens; where there are more, it has to
read positions that it was not trained for, which takes as long.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.demo.kit import install_kit  # noqa: E402
from scripts.demo.server import MODEL_NAME, Server  # noqa: E402

TURNS = (25, 50, 200)
WARM_UP = 5
LONGEST = 32_768
TOOL = {
    "type": "function",
    "name": "read_file",
    "description": "Read a file of the repository.",
    "parameters": {"type": "object", "properties": {"path": {"type": "string"}}},
    "strict": False,
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--rounds", type=int, default=60)
    rounds = arguments.parse_args().rounds
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        install_kit(sys.executable, folder / "kit")
        environments = {
            "stock": {"VLLM_RESPONSES_FIX": "0"},
            "patched": {"PYTHONPATH": str(folder / "kit")},
        }
        servers = {}
        for kind, environment in environments.items():
            server = Server(
                kind,
                sys.executable,
                folder / f"{kind}.log",
                environment={**environment, "VLLM_ALLOW_LONG_MAX_MODEL_LEN": "1"},
                arguments=("--max-model-len", str(LONGEST)),
            )
            servers[kind] = running.enter_context(server)
            server.wait()
        clients = {
            kind: running.enter_context(httpx.Client(base_url=server.url, timeout=300))
            for kind, server in servers.items()
        }
        print(f"Milliseconds to the first token, {rounds} rounds")
        for turns in TURNS:
            print_history(clients, turns, rounds)


def print_history(clients: dict[str, httpx.Client], turns: int, rounds: int) -> None:
    """Measure requests that go on from a conversation of so many turns."""
    items = history(turns)
    stored = {kind: create(http, input=items) for kind, http in clients.items()}
    full = [*items, *stored["patched"]["output"]]
    previous = stored["patched"]["id"]
    ways: dict[str, tuple[str, list[Any], dict[str, Any]]] = {
        "by id, patched": ("patched", [], {"previous_response_id": previous}),
        "replayed, patched": ("patched", full, {"store": False}),
        "replayed, stock": ("stock", full, {"store": False}),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(WARM_UP + rounds):
        for place, (way, (kind, before, others)) in enumerate(ways.items()):
            # As long as all others, and not in the engine's prefix cache.
            asked = user(f"Question {10_000 + number * len(ways) + place}?")
            seconds = first_token(clients[kind], input=[*before, asked], **others)
            if number >= WARM_UP:
                times[way].append(seconds * 1e3)
    print(f"{stored['patched']['usage']['input_tokens']} tokens of history")
    medians = {}
    for way, each in times.items():
        first, medians[way], third = statistics.quantiles(each, n=4)
        print(f"  {way:18}{medians[way]:8.1f}  [{first:.1f} - {third:.1f}]")
    by_id = medians.pop("by id, patched")
    for way, median in medians.items():
        print(f"  by id, patched / {way}: {by_id / median:.2f}", flush=True)


def history(turns: int) -> list[Any]:
    """An agent that reads file after file, and is asked something at last."""
    items = [user("Add up the totals.")]
    for number in range(turns):
        call_id = f"call_{number}"
        items += [
            {
                "type": "function_call",
                "call_id": call_id,
                "name": TOOL["name"],
                "arguments": json.dumps({"path": f"src/prices/file_{number}.py"}),
            },
            {
                "type": "function_call_output",
                "call_id": call_id,
                "output": f"def total(prices): return sum(prices)  # {number}\n",
            },
        ]
    return items


def create(http: httpx.Client, **body: Any) -> dict[str, Any]:
    """A response that has come in one piece."""
    reply = http.post("/v1/responses", json=_body(body))
    reply.raise_for_status()
    response: dict[str, Any] = reply.json()
    return response


def first_token(http: httpx.Client, **body: Any) -> float:
    """Seconds from the request to the first thing that the model has written."""
    content = json.dumps({**_body(body), "stream": True}).encode()
    headers = {"Content-Type": "application/json"}
    started = time.perf_counter()
    seconds = None
    with http.stream(
        "POST", "/v1/responses", content=content, headers=headers
    ) as reply:
        reply.raise_for_status()
        for kind in _events(reply):
            if seconds is None and kind.endswith(".delta"):
                seconds = time.perf_counter() - started
    if seconds is None:
        sys.exit("The model has written nothing.")
    return seconds


def _events(reply: httpx.Response) -> Iterator[str]:
    for line in reply.iter_lines():
        if line.startswith("event: "):
            yield line.removeprefix("event: ")


def user(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": text}


def _body(body: dict[str, Any]) -> dict[str, Any]:
    common = {"temperature": 0, "max_output_tokens": 8, "tools": [TOOL]}
    return {"model": MODEL_NAME, **common, **body}


if __name__ == "__main__":
    main()
