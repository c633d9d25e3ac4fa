"""Where the time of a long conversation's turn goes, by id with the kit.

    scripts/run.sh bench_parts [--rounds 15]

vLLM's HTTP application runs in this process over an engine that generates at once what
it is told to. After so many turns of an agent's loop the same chained request is made
again and again; CPU time of the process while vLLM is in some of its functions, and in
all, medians.
"""

import argparse
import asyncio
import functools
import importlib
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

from harness.app import ServerFactory, environment  # noqa: E402

import vllm_responses_fix  # noqa: E402
from scripts.agent_loop.loop import LINE, Loop, answer, user  # noqa: E402
from scripts.agent_loop.model import write_model  # noqa: E402

TURNS = (1, 100, 400)
# What is done, and the functions that do it: module, attribute.
PARTS = {
    "items to messages": (
        ("vllm.entrypoints.openai.responses.serving", "construct_input_messages"),
    ),
    "messages parsed": (("vllm.renderers.hf", "parse_chat_messages_async"),),
    "template rendered": (("vllm.renderers.hf", "safe_apply_chat_template"),),
    "text to token ids": (
        ("vllm.renderers.base", "BaseRenderer._tokenize_singleton_prompt_async"),
    ),
    "given to the engine": (
        ("vllm.v1.engine.input_processor", "InputProcessor.process_inputs"),
        ("vllm.v1.engine.output_processor", "OutputProcessor.add_request"),
    ),
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--rounds", type=int, default=15)
    rounds = arguments.parse_args().rounds
    vllm_responses_fix.install()
    spent = dict.fromkeys(PARTS, 0.0)
    for part, places in PARTS.items():
        for module, attribute in places:
            measure(spent, part, module, attribute)
    with tempfile.TemporaryDirectory() as folder, environment():
        factory = ServerFactory(write_model(Path(folder)))
        asyncio.run(print_parts(factory, spent, rounds))


def measure(spent: dict[str, float], part: str, module: str, attribute: str) -> None:
    """Add to `spent` the time that a function takes, from now on."""
    holder: Any = importlib.import_module(module)
    *classes, name = attribute.split(".")
    for each in classes:
        holder = getattr(holder, each)
    function = getattr(holder, name)

    @functools.wraps(function)
    def timed(*args: Any, **kwargs: Any) -> Any:
        started = time.process_time()
        try:
            return function(*args, **kwargs)
        finally:
            spent[part] += time.process_time() - started

    @functools.wraps(function)
    async def timed_coroutine(*args: Any, **kwargs: Any) -> Any:
        started = time.process_time()
        try:
            return await function(*args, **kwargs)
        finally:
            spent[part] += time.process_time() - started

    is_coroutine = asyncio.iscoroutinefunction(function)
    setattr(holder, name, timed_coroutine if is_coroutine else timed)


async def print_parts(
    factory: ServerFactory, spent: dict[str, float], rounds: int
) -> None:
    server = await factory.start()
    server.engine.script = answer
    print(f"CPU time of a turn by id, ms, medians of {rounds} rounds")
    found: dict[int, dict[str, float]] = {}
    for turns in TURNS:
        loop = Loop(server.http, new_input=history(turns))
        await loop.advance()
        times: dict[str, list[float]] = {}
        for number in range(rounds + 3):
            spent |= dict.fromkeys(spent, 0.0)
            started = time.process_time()
            await loop.post(loop.chained())
            whole = time.process_time() - started
            others = whole - sum(spent.values())
            if number >= 3:
                for part, seconds in {**spent, "others": others, "all": whole}.items():
                    times.setdefault(part, []).append(seconds * 1e3)
        found[turns] = {part: statistics.median(each) for part, each in times.items()}
    print(f"{'after turns':22}" + "".join(f"{turns:9}" for turns in TURNS))
    for part in found[TURNS[0]]:
        print(f"  {part:20}" + "".join(f"{found[turns][part]:9.1f}" for turns in TURNS))


def history(turns: int) -> list[Any]:
    """The items of a loop of so many turns."""
    items = [user("Add up the totals.")]
    for number in range(turns):
        call_id = f"chatcmpl-tool-{number:016x}"
        thought = f"The totals so far agree, so file {number} is to be read next."
        said = {"type": "output_text", "text": f"Now to {number}.", "annotations": []}
        items += [
            {
                "type": "reasoning",
                "id": f"rs_{number}",
                "summary": [],
                "content": [{"type": "reasoning_text", "text": thought}],
            },
            {
                "type": "message",
                "id": f"msg_{number}",
                "role": "assistant",
                "status": "completed",
                "content": [said],
            },
            {
                "type": "function_call",
                "call_id": call_id,
                "name": "read_file",
                "arguments": json.dumps({"path": f"src/prices/file_{number}.py"}),
            },
            {
                "type": "function_call_output",
                "call_id": call_id,
                "output": "".join(LINE.format(n) for n in range(4)),
            },
        ]
    return items


if __name__ == "__main__":
    main()
