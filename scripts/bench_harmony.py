"""What one more turn of a gpt-oss conversation costs, stock vLLM against patched.

    scripts/run.sh bench_harmony [--messages 1000] [--rounds 30]

Both build the Harmony messages of a chained request and render them to token ids, in
turn in one process, so that the ratio is not that of two moments of a machine. What the
request adds is new in each round. Without
a network, `TIKTOKEN_ENCODINGS_BASE` has to name a folder with `o200k_base.tiktoken`;
where quicktok-v1 is installed, it is made.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

from harness.harmony_encoding import harmony_encoding  # noqa: E402
from openai_harmony import Author, Message, Role  # noqa: E402
from vllm.entrypoints.openai.responses import serving  # noqa: E402
from vllm.entrypoints.openai.responses.protocol import (  # noqa: E402
    ResponsesRequest,
    ResponsesResponse,
)

import vllm_responses_fix  # noqa: E402

TOOLS = [
    {
        "type": "function",
        "name": "lookup",
        "description": "Look up a key.",
        "parameters": {"type": "object", "properties": {"key": {"type": "string"}}},
        "strict": False,
    }
]
SENTENCE = "The quick brown fox jumps over the lazy dog, and nobody is surprised. "


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--messages", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=30)
    options = arguments.parse_args()
    harmony_encoding()

    turns = {}
    for name, switch in SWITCHES.items():
        switch()
        turns[name] = Turn(options.messages)
    built: dict[str, list[float]] = {name: [] for name in turns}
    whole: dict[str, list[float]] = {name: [] for name in turns}
    for number in range(options.rounds):
        for name, turn in turns.items():
            SWITCHES[name]()
            turn.add(f"{number}: {SENTENCE}")
            built[name].append(_seconds(turn.build))
            whole[name].append(_seconds(turn.build_and_render))

    print(f"{options.messages} stored messages, medians of {options.rounds} rounds")
    for what, seconds in (("build", built), ("build and render", whole)):
        medians = {name: statistics.median(times) for name, times in seconds.items()}
        ratio = medians["patched"] / medians["stock"]
        print(
            f"{what:17} stock {medians['stock'] * 1e3:8.3f} ms   "
            f"patched {medians['patched'] * 1e3:8.3f} ms   ratio {ratio:.2f}"
        )


SWITCHES: dict[str, Callable[[], Any]] = {
    "stock": vllm_responses_fix.uninstall,
    "patched": vllm_responses_fix.install,
}


class Turn:
    """A chained request on a conversation that is as long as asked for."""

    def __init__(self, size: int) -> None:
        self.serving = serving.OpenAIServingResponses.__new__(
            serving.OpenAIServingResponses
        )
        self.serving.tool_server = None
        self.serving.msg_store = {}
        stored = self.serving._construct_input_messages_with_harmony(
            _request("Hello"), None
        )
        while len(stored) < size:
            stored += _said_in_a_turn()
        self.serving.msg_store["resp"] = stored
        self.previous = ResponsesResponse.model_construct(
            id="resp", output=_output(stored[-3:]), status="completed"
        )
        self.add("42")

    def add(self, output: str) -> None:
        """Go on from the stored conversation with the result of a call."""
        call_id = self.previous.output[-1].call_id
        self.request = _request(
            [{"type": "function_call_output", "call_id": call_id, "output": output}],
            previous_response_id="resp",
        )

    def build(self) -> None:
        self.serving._construct_input_messages_with_harmony(self.request, self.previous)

    def build_and_render(self) -> None:
        self.serving._make_request_with_harmony(self.request, self.previous)


def _said_in_a_turn() -> list[Message]:
    """A question, a call with its result, an answer, and the call that is open."""

    def said(channel: str, text: str) -> Message:
        return Message.from_role_and_content(Role.ASSISTANT, text).with_channel(channel)

    def call() -> Message:
        message = said("commentary", json.dumps({"key": SENTENCE}))
        return message.with_recipient("functions.lookup").with_content_type(
            "<|constrain|>json"
        )

    returned = Message.from_author_and_content(
        Author.new(Role.TOOL, "functions.lookup"), SENTENCE * 4
    )
    return [
        Message.from_role_and_content(Role.USER, SENTENCE),
        said("analysis", SENTENCE * 2),
        call(),
        returned.with_channel("commentary").with_recipient("assistant"),
        said("final", SENTENCE * 3),
        Message.from_role_and_content(Role.USER, SENTENCE),
        said("analysis", SENTENCE),
        call(),
    ]


def _output(messages: list[Message]) -> list[Any]:
    return [
        item
        for message in messages
        for item in serving.harmony_to_response_output(message)
    ]


def _request(new_input: Any, **fields: Any) -> ResponsesRequest:
    body = {"input": new_input, "tools": TOOLS, "instructions": "Be brief.", **fields}
    return ResponsesRequest.model_validate_json(json.dumps(body))


def _seconds(action: Callable[[], None]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
