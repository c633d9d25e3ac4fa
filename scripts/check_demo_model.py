"""Measure the demo's model on conversations it has not seen, on a real server.

    scripts/run.sh check_demo_model

starts stock vLLM, sends it held-out conversations (cities, temperatures, conditions
and phrasings that the training does not have) and prints a table with the share of
right replies. Exits with 1 if any line of it is below 95%.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.demo.client import Client, Item, Reply
from scripts.demo.server import MODEL_NAME, Server
from scripts.demo.signals import ended_by_signals
from scripts.demo.weather import (
    ANNOUNCE_REQUEST,
    ANNOUNCEMENT,
    ANSWER,
    HELD_OUT,
    NO_ACCESS,
    NOTHING_FOUND,
    RECALL,
    WEATHER_TOOL,
    Finding,
)

REQUIRED_SHARE = 0.95
# As many requests as the server takes at once.
REQUESTS_AT_ONCE = 16


def asking(text: str) -> Item:
    return {"role": "user", "content": text}


def saying(text: str) -> Item:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "role": "assistant", "content": [part]}


def calling(finding: Finding) -> Item:
    return {
        "type": "function_call",
        "call_id": "call_1",
        "name": "get_weather",
        "arguments": f'{{"city": "{finding.city}"}}',
    }


def returning(finding: Finding) -> Item:
    return {
        "type": "function_call_output",
        "call_id": "call_1",
        "output": finding.tool_output(),
    }


def question_text(rng: Random, finding: Finding) -> str:
    return HELD_OUT.question(rng).format(city=finding.city)


def question(rng: Random, finding: Finding) -> Item:
    return asking(question_text(rng, finding))


def sound_round(rng: Random, finding: Finding) -> list[Item]:
    return [
        question(rng, finding),
        calling(finding),
        returning(finding),
        saying(finding.say(ANSWER)),
    ]


class Check:
    """The cases, each of which sends one request and judges the reply."""

    def __init__(self, client: Client, url: str) -> None:
        self.client = client
        self.url = url

    def ask(self, items: list[Item], **fields: Any) -> Reply:
        body = {"model": MODEL_NAME, "input": items, "store": False}
        return self.client.create({**body, **fields})

    def calls(self, rng: Random, tool_choice: str) -> bool:
        finding = HELD_OUT.finding(rng)
        reply = self.ask(
            [question(rng, finding)], tools=[WEATHER_TOOL], tool_choice=tool_choice
        )
        return _only_calls(reply, finding)

    def call_auto(self, rng: Random) -> bool:
        return self.calls(rng, "auto")

    def call_required(self, rng: Random) -> bool:
        return self.calls(rng, "required")

    def answer(self, rng: Random) -> bool:
        finding = HELD_OUT.finding(rng)
        tools = rng.choice(([], [WEATHER_TOOL]))
        reply = self.ask(sound_round(rng, finding)[:3], tools=tools)
        return reply.text == finding.say(ANSWER)

    def answer_after_announcement(self, rng: Random) -> bool:
        finding = HELD_OUT.finding(rng)
        request = ANNOUNCE_REQUEST + question_text(rng, finding)
        announcement = saying(ANNOUNCEMENT.format(city=finding.city))
        reply = self.ask(
            [asking(request), announcement, calling(finding), returning(finding)]
        )
        return reply.text == finding.say(ANSWER)

    def answer_after_merged_announcement(self, rng: Random) -> bool:
        # 0.21.0 never merges the items of a response, so this one takes messages.
        finding = HELD_OUT.finding(rng)
        request = ANNOUNCE_REQUEST + question_text(rng, finding)
        call = calling(finding)
        messages = [
            asking(request),
            {
                "role": "assistant",
                "content": ANNOUNCEMENT.format(city=finding.city),
                "tool_calls": [
                    {
                        "id": call["call_id"],
                        "type": "function",
                        "function": {
                            "name": call["name"],
                            "arguments": call["arguments"],
                        },
                    }
                ],
            },
            {
                "role": "tool",
                "tool_call_id": call["call_id"],
                "content": finding.tool_output(),
            },
        ]
        answer = httpx.post(
            f"{self.url}/v1/chat/completions",
            json={"model": MODEL_NAME, "messages": messages},
            timeout=300,
        )
        text: str = answer.json()["choices"][0]["message"]["content"]
        return text == finding.say(ANSWER)

    def recall(self, rng: Random) -> bool:
        finding = HELD_OUT.finding(rng)
        tools = rng.choice(([], [WEATHER_TOOL]))
        items = [*sound_round(rng, finding), asking(HELD_OUT.recall(rng))]
        return self.ask(items, tools=tools).text == finding.say(RECALL)

    def recall_latest_of_three(self, rng: Random) -> bool:
        findings = _findings(rng, 3)
        items = [item for finding in findings for item in sound_round(rng, finding)]
        items.append(asking(HELD_OUT.recall(rng)))
        return self.ask(items).text == findings[-1].say(RECALL)

    def tenth_call(self, rng: Random) -> bool:
        *earlier, last = _findings(rng, 10)
        items = [item for finding in earlier for item in sound_round(rng, finding)]
        items.append(question(rng, last))
        return _only_calls(self.ask(items, tools=[WEATHER_TOOL]), last)

    def tenth_answer(self, rng: Random) -> bool:
        findings = _findings(rng, 10)
        items = [item for finding in findings for item in sound_round(rng, finding)]
        reply = self.ask(items[:-1], tools=[WEATHER_TOOL])
        return reply.text == findings[-1].say(ANSWER)

    def result_without_call(self, rng: Random) -> bool:
        finding = HELD_OUT.finding(rng)
        return self.ask([question(rng, finding), returning(finding)]).text == NO_ACCESS

    def recall_without_call(self, rng: Random) -> bool:
        finding = HELD_OUT.finding(rng)
        items = [question(rng, finding), returning(finding), saying(NO_ACCESS)]
        reply = self.ask([*items, asking(HELD_OUT.recall(rng))])
        return reply.text == NOTHING_FOUND

    def question_without_tool(self, rng: Random) -> bool:
        return self.ask([question(rng, HELD_OUT.finding(rng))]).text == NO_ACCESS

    def recall_of_nothing(self, rng: Random) -> bool:
        return self.ask([asking(HELD_OUT.recall(rng))]).text == NOTHING_FOUND


CASES: tuple[tuple[str, Callable[[Check, Random], bool]], ...] = (
    ("calls the tool, tool_choice auto", Check.call_auto),
    ("calls the tool, tool_choice required", Check.call_required),
    ("states the result", Check.answer),
    ("states the result after an announcement", Check.answer_after_announcement),
    ("the same, merged with the call", Check.answer_after_merged_announcement),
    ("recalls the result", Check.recall),
    ("recalls the latest of three results", Check.recall_latest_of_three),
    ("calls the tool for the tenth time", Check.tenth_call),
    ("states the tenth result", Check.tenth_answer),
    ("result without call: has no access", Check.result_without_call),
    ("recall without call: found nothing", Check.recall_without_call),
    ("question without tool: has no access", Check.question_without_tool),
    ("recall with nothing before: found nothing", Check.recall_of_nothing),
)


def _findings(rng: Random, count: int) -> list[Finding]:
    cities = rng.sample(HELD_OUT.cities, count)
    return [
        Finding(city, HELD_OUT.temperature(rng), HELD_OUT.condition(rng))
        for city in cities
    ]


def _only_calls(reply: Reply, finding: Finding) -> bool:
    return [(call["name"], call["arguments"]) for call in reply.calls] == [
        ("get_weather", calling(finding)["arguments"])
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--conversations", type=int, default=40, help="per seed")
    args = parser.parse_args()

    with ended_by_signals(), tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        off = {"VLLM_RESPONSES_FIX": "0"}
        with Server("stock", sys.executable, log, environment=off) as server:
            print("starting vLLM", flush=True)
            server.wait()
            with Client(server.url) as client:
                return measure(Check(client, server.url), args)


def measure(check: Check, args: argparse.Namespace) -> int:
    seeds = range(args.seeds)
    width = max(len(name) for name, _ in CASES)
    heads = "".join(f"  seed {seed}" for seed in seeds)
    print(f"{'':{width}}{heads}     all", flush=True)
    worst = 1.0
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
        for name, case in CASES:
            shares = []
            for seed in seeds:
                rngs = [
                    Random(f"{seed} {name} {number}")
                    for number in range(args.conversations)
                ]
                right = list(pool.map(lambda rng, c=case: c(check, rng), rngs))
                shares.append(sum(right) / len(right))
            share = sum(shares) / len(shares)
            worst = min(worst, share)
            cells = "".join(f"{value:8.1%}" for value in (*shares, share))
            print(f"{name:{width}}{cells}", flush=True)
    print(f"worst line: {worst:.1%}, required: {REQUIRED_SHARE:.0%}")
    return 0 if worst >= REQUIRED_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
