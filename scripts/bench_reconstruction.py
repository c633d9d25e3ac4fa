"""What the kit costs: rebuilding a conversation, starting Python, keeping turns.

    scripts/run.sh bench_reconstruction

Stock vLLM and the kit are measured side by side in this one run; what is printed are
medians and the ratios between them. Needs vLLM, but no engine.
"""

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

from chat_messages import parse_input, parse_output  # noqa: E402
from vllm.entrypoints.openai.responses import serving, utils  # noqa: E402

import vllm_responses_fix  # noqa: E402

STORED_MESSAGES = 1600
REPEATS = 1000
START_PAIRS = 200
TURNS = 1000


def main() -> None:
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    stock = serving.construct_input_messages
    status = vllm_responses_fix.install()
    if status.state != "applied":
        sys.exit(status.summary())
    patched = serving.construct_input_messages
    print(status.summary(), end="\n\n")
    reconstruction(stock, patched)
    memory(stock, patched)
    start()


def reconstruction(stock: Callable[..., Any], patched: Callable[..., Any]) -> None:
    """One more turn of a long tool conversation: two output items, two new ones."""
    history: list[Any] = []
    while len(history) < STORED_MESSAGES:
        number = len(history)
        turn = [_user(number), *_output(number), _result(number)]
        history += patched(request_input=parse_input(turn))
    new_input = parse_input([_result(0), _user(0)])
    new_output = parse_output(_output(0))
    arguments = {
        "request_input": new_input,
        "prev_msg": history,
        "prev_response_output": new_output,
    }
    items = [*new_output, *new_input]

    def floor() -> None:
        history.copy()
        utils.construct_chat_messages_with_tool_call(items)

    times = _side_by_side(
        floor=floor,
        patched=lambda: patched(**arguments),
        stock=lambda: stock(**arguments),
    )
    print(f"Rebuilding {len(history)} stored messages and {len(items)} new items")
    for name, seconds in times.items():
        print(f"  {name:8} {seconds * 1e6:8.1f} us")
    print(f"  patched / (list.copy + items) {times['patched'] / times['floor']:.2f}")
    print(f"  patched / stock               {times['patched'] / times['stock']:.2f}\n")


def memory(stock: Callable[..., Any], patched: Callable[..., Any]) -> None:
    """A thousand stored turns of text, which stock keeps as well."""
    kept = {}
    for name, construct in {"stock": stock, "patched": patched}.items():
        gc.collect()
        tracemalloc.start()
        store: list[Any] = []
        output: Any = None
        for number in range(TURNS):
            store.append(
                construct(
                    request_instructions="Be brief.",
                    request_input=parse_input([_user(number)]),
                    prev_msg=store[-1] if store else None,
                    prev_response_output=output,
                )
            )
            output = parse_output([_message(number)])
        gc.collect()
        total, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        kept[name] = (total, sum(sys.getsizeof(messages) for messages in store))
    print(f"Keeping {TURNS} turns")
    for name, (total, lists) in kept.items():
        print(
            f"  {name:8} {total / TURNS:8.0f} bytes a turn, {lists / TURNS:.0f} lists"
        )
    print(
        f"  patched / stock               {kept['patched'][0] / kept['stock'][0]:.3f}\n"
    )


def start() -> None:
    """Pairs of `python -c pass`, without and with the hook on PYTHONPATH."""
    hook = str(Path(vllm_responses_fix.__file__).parent / "hook")
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    with_hook = {**environ, "PYTHONPATH": hook}
    for environment in (environ, with_hook):
        _python(environment)
    times = [(_python(environ), _python(with_hook)) for _ in range(START_PAIRS)]
    without = statistics.median(first for first, _ in times)
    more = statistics.median(second - first for first, second in times)
    print(f"Starting Python, {START_PAIRS} pairs")
    print(f"  without the hook {without * 1e3:8.2f} ms")
    print(f"  more with it     {more * 1e3:8.2f} ms")
    print(f"  with / without                {(without + more) / without:.3f}")


def _python(environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], env=environment, check=True)
    return time.perf_counter() - started


def _side_by_side(**functions: Callable[[], Any]) -> dict[str, float]:
    """Medians of many calls, taken in turns so that all see the same machine."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(REPEATS):
        for name, function in functions.items():
            started = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _user(number: int) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": f"Question {number}?"}


def _message(number: int) -> dict[str, Any]:
    text = {"type": "output_text", "text": f"Answer {number}.", "annotations": []}
    return {
        "type": "message",
        "role": "assistant",
        "id": f"msg_{number}",
        "status": "completed",
        "content": [text],
    }


def _output(number: int) -> list[dict[str, Any]]:
    call = {
        "type": "function_call",
        "id": f"fc_{number}",
        "call_id": f"call_{number}",
        "name": "get_weather",
        "arguments": json.dumps({"city": f"City {number}"}),
    }
    return [_message(number), call]


def _result(number: int) -> dict[str, Any]:
    return {
        "type": "function_call_output",
        "call_id": f"call_{number}",
        "output": f"Result {number}",
    }


if __name__ == "__main__":
    main()
