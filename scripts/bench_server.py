"""What the server costs for one more turn of an agent's loop, by id and replayed.

    scripts/run.sh bench_server [--turns 400] [--rounds 5]

vLLM's HTTP application runs in this process over an engine that generates at once what
it is told to, so the time of a request is that of the server: reading the body,
building the messages, chat template, tokenization, parsing the answer. It is CPU time
of all threads, which other work on the machine disturbs less. By id on stock vLLM and
with the kit, and replayed, in turn in one run; medians. Stock vLLM loses the calls, so
its prompts are shorter: what the kit adds is the difference per prompt token. Turn 1 is
short, so it is measured twenty times as often. Then many branches from one response at
once.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

from harness.answers import chat_answer  # noqa: E402
from harness.app import MODEL_NAME, ScriptedServer, ServerFactory, environment  # noqa: E402
from harness.model_folder import END_OF_TURN, write_chat_model  # noqa: E402
from harness.vocabulary import FILE_NAME, prepare_vocabulary  # noqa: E402
from transformers.convert_slow_tokenizer import TikTokenConverter  # noqa: E402

import vllm_responses_fix  # noqa: E402

TOOL = {
    "type": "function",
    "name": "read_file",
    "description": "Read a file of the repository.",
    "parameters": {"type": "object", "properties": {"path": {"type": "string"}}},
    "strict": False,
}
LINE = "def total(prices: list[float]) -> float: return sum(prices)  # {}\n"
BRANCHES = 100
WARM_UP = 20
SWITCHES: dict[str, Callable[[], Any]] = {
    "stock": vllm_responses_fix.uninstall,
    "patched": vllm_responses_fix.install,
}


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--turns", type=int, default=400)
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, environment():
        factory = ServerFactory(write_model(Path(folder)))
        loops: dict[str, Loop] = {}
        for name, switch in SWITCHES.items():
            # A server takes the store that is there when it is made.
            switch()
            loops[name] = Loop(await factory.start())
        print(vllm_responses_fix.status().summary(), end="\n\n")
        print(
            f"One more turn of an agent's loop, {options.rounds} rounds: CPU time of "
            "the server, request bytes, prompt tokens"
        )
        by_id: list[float] = []
        for turn in range(1, options.turns + 1):
            if turn == 1:
                # What servers do once, and short times, which differ more.
                await measure_turn(loops, WARM_UP)
                print_turn(turn, await measure_turn(loops, 20 * options.rounds))
            elif turn in _shown(options.turns):
                measured = await measure_turn(loops, options.rounds)
                print_turn(turn, measured)
                by_id.append(measured["by id, patched"].seconds)
            if turn == min(100, options.turns):
                await measure_branches(loops, options.rounds)
            for name, loop in loops.items():
                SWITCHES[name]()
                await loop.advance()
        print(
            f"By id, patched, from turn {options.turns // 4} to turn {options.turns}: "
            f"time {by_id[-1] / by_id[0]:.2f}"
        )


def write_model(folder: Path) -> Path:
    """A model folder with a vocabulary of the size that models have.

    With one token for every byte, as in tests, all that vLLM does for each token of a
    prompt would count three times.
    """
    write_chat_model(folder)
    converter = TikTokenConverter()
    vocabulary, merges = converter.extract_vocab_merges_from_model(
        str(prepare_vocabulary() / FILE_NAME)
    )
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    tokenizer["model"] |= {"vocab": vocabulary, "merges": merges}
    tokenizer["pre_tokenizer"]["use_regex"] = True
    for token_id, token in enumerate(tokenizer["added_tokens"], len(vocabulary)):
        token["id"] = token_id
        if token["content"] == END_OF_TURN:
            end = {"eos_token_id": token_id}
    size = {"vocab_size": len(vocabulary) + len(tokenizer["added_tokens"])}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), "utf-8")
    for name, changed in {"config": end | size, "generation_config": end}.items():
        file = folder / f"{name}.json"
        content = json.loads(file.read_text("utf-8"))
        file.write_text(json.dumps(content | changed), "utf-8")
    return folder


@dataclass
class Loop:
    """An agent that reads file after file, on a server of its own.

    Attributes:
        items: the conversation, without `new_input`.
        new_input: what the agent sends next.
        previous: the last response.
    """

    server: ScriptedServer
    items: list[Any] = field(default_factory=list)
    new_input: list[Any] = field(default_factory=lambda: [_user("Add up the totals.")])
    previous: str | None = None

    def __post_init__(self) -> None:
        self.server.engine.script = lambda _prompt: self._answer()

    def chained(self, new_input: list[Any] | None = None) -> bytes:
        body = {"input": new_input or self.new_input}
        if self.previous is not None:
            body["previous_response_id"] = self.previous
        return _body(body)

    def replayed(self, new_input: list[Any] | None = None) -> bytes:
        items = [*self.items, *(new_input or self.new_input)]
        return _body({"input": items, "store": False})

    async def advance(self) -> None:
        response, _ = await self.post(self.chained())
        self.items += [*self.new_input, *response["output"]]
        self.new_input = [
            {
                "type": "function_call_output",
                "call_id": item["call_id"],
                "output": "".join(LINE.format(n) for n in range(4)),
            }
            for item in response["output"]
            if item["type"] == "function_call"
        ]
        self.previous = response["id"]

    async def post(self, content: bytes) -> tuple[dict[str, Any], float]:
        """The response, and the CPU time it took."""
        started = time.process_time()
        reply = await self.server.http.post(
            "/v1/responses",
            content=content,
            headers={"Content-Type": "application/json"},
        )
        seconds = time.process_time() - started
        response = reply.json()
        if reply.status_code != 200:
            sys.exit(f"{reply.status_code}: {response}")
        return response, seconds

    def prompt(self, response: dict[str, Any]) -> list[int]:
        """The token ids that the response was generated from."""
        (prompt,) = self.server.engine.prompts[response["id"]]
        return list(prompt.token_ids)

    def _answer(self) -> Any:
        number = len(self.items)
        return chat_answer(
            f"Now to file {number}.",
            ("read_file", {"path": f"src/prices/file_{number}.py"}),
            reasoning=f"The totals so far agree, so file {number} is to be read next.",
        )


@dataclass
class Measured:
    """A way to make a turn."""

    request_bytes: int
    prompt_tokens: int
    seconds: float


async def measure_turn(loops: dict[str, Loop], rounds: int) -> dict[str, Measured]:
    """Make the next turn of each loop again and again, without going on from it."""
    patched = loops["patched"]
    ways: dict[str, tuple[str, bytes]] = {
        "by id, stock": ("stock", loops["stock"].chained()),
        "by id, patched": ("patched", patched.chained()),
        "replayed": ("patched", patched.replayed()),
        "replayed, stock": ("stock", patched.replayed()),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    prompts: dict[str, list[int]] = {}
    for _ in range(rounds):
        for way, (name, content) in ways.items():
            SWITCHES[name]()
            response, seconds = await loops[name].post(content)
            times[way].append(seconds)
            prompts[way] = loops[name].prompt(response)
    if prompts["by id, patched"] != prompts["replayed"]:
        sys.exit("The prompts by id and replayed differ.")
    return {
        way: Measured(len(content), len(prompts[way]), statistics.median(times[way]))
        for way, (_, content) in ways.items()
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


async def measure_branches(loops: dict[str, Loop], rounds: int) -> None:
    """Continue one response in many ways at once."""
    times: dict[str, list[float]] = {name: [] for name in loops}
    tokens: dict[str, int] = {}
    for _ in range(rounds):
        for name, loop in loops.items():
            SWITCHES[name]()
            questions = [
                [*loop.new_input, _user(f"Question {n}?")] for n in range(BRANCHES)
            ]
            bodies = [loop.chained(question) for question in questions]
            started = time.process_time()
            replies = await asyncio.gather(*(loop.post(body) for body in bodies))
            times[name].append(time.process_time() - started)
            tokens[name] = len(loop.prompt(replies[0][0]))
    # The last were the kit's.
    for question, (response, _) in zip(questions, replies, strict=True):
        replayed, _ = await loop.post(loop.replayed(question))
        if loop.prompt(response) != loop.prompt(replayed):
            sys.exit("The prompts of a branch, by id and replayed, differ.")
    print(f"{BRANCHES} branches from one response at once, each as when replayed")
    speeds = {}
    for name in loops:
        rate = BRANCHES / statistics.median(times[name])
        speeds[name] = rate * tokens[name]
        print(
            f"  by id, {name:9}{rate:9.1f} requests, {speeds[name]:.0f} prompt tokens "
            "per second of CPU time"
        )
    ratio = speeds["patched"] / speeds["stock"]
    print(f"  patched / stock: prompt tokens per second {ratio:.2f}", flush=True)


def _shown(turns: int) -> set[int]:
    return {1, *(turns * quarter // 4 for quarter in range(1, 5))}


def _user(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": text}


def _body(body: dict[str, Any]) -> bytes:
    common = {"model": MODEL_NAME, "instructions": "Be thorough.", "tools": [TOOL]}
    return json.dumps({**common, **body}).encode()


if __name__ == "__main__":
    asyncio.run(main())
