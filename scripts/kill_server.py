"""Kill a server while it answers, again and again: is all there that clients got?

    scripts/run.sh kill_server [--rounds 50]

vLLM's HTTP application runs in a process over an engine that generates at once what it
is told to, with a SQLite file as its store. Four clients hold conversations: plain,
streamed and in the background. At a random moment the process is killed, and another
one is started with the same file. Of every response that a client has had to its end,
the new server has to send the same, and to put the same prompt before the model for a
request that continues it as for one that replays its conversation. The same is meant
byte for byte: the body that the client got, or what the last event of its stream has
as the response. A background response that a client knows of has to be known. In the
file there may be nothing but whole conversations, and no more turns that clients have
not had than there are clients; it has to pass SQLite's integrity check.

At the end, two servers share the file, and one is killed while it makes background
responses. The other one has to know them meanwhile, be able to cancel one, and say
within 30 seconds that the others have failed, and why.
"""

import argparse
import asyncio
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

import httpx  # noqa: E402
from harness.answers import chat_answer  # noqa: E402
from harness.app import MODEL_NAME, ServerFactory  # noqa: E402
from harness.client import Conversation, Reply, parse_events  # noqa: E402
from harness.forked import ForkedServer  # noqa: E402
from harness.model_folder import write_chat_model  # noqa: E402
from harness.scripted_engine import Answer, EnginePrompt  # noqa: E402

import vllm_responses_fix  # noqa: E402
from vllm_responses_fix.store.sqlite import SqliteStore  # noqa: E402
from vllm_responses_fix.stored.body import decode  # noqa: E402

CLIENTS = 4
TURNS = 8
LONGEST_SECONDS = 0.6
FAILED_SECONDS = 30.0
ENDLESS = "Think for ever."
YEAR = 365 * 86_400.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    vllm_responses_fix.install()
    total, last = Had(), Had()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "responses.db"
        settings = {"VLLM_RESPONSES_FIX_STORE": f"sqlite://{path}"}
        factory = ServerFactory(write_chat_model(Path(folder) / "model"))
        for number in range(rounds + 1):
            # The one before was killed.
            server = ForkedServer(factory, answer, settings)
            try:
                asyncio.run(check_server(server, last))
                last = Had()
                if number < rounds:
                    asyncio.run(converse_until_killed(server, last))
            finally:
                server.kill()
            check_file(path, {*total.bodies, *total.others}, last)
            total.add(last)
        servers = [ForkedServer(factory, answer, settings) for _ in range(2)]
        try:
            seconds = asyncio.run(kill_while_making(*servers))
        finally:
            for server in servers:
                server.kill()
    print(
        f"killed {rounds} times; {len(total.bodies)} responses that clients had, and "
        f"{len(total.queued)} background responses that they knew of: none lost, all "
        f"as they were, byte for byte"
    )
    print(
        f"killed while it made background responses: failed, another server said "
        f"after {seconds:.1f} s"
    )


@dataclass
class Had:
    """What clients have had of a server.

    Attributes:
        bodies: finished responses, by id.
        sent: the bytes that each of them came in.
        conversations: what each of them ends.
        queued: ids of background responses.
        others: ids in the store that no client has had, as it was killed.
    """

    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: dict[str, bytes] = field(default_factory=dict)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    queued: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)

    def add(self, other: "Had") -> None:
        self.bodies |= other.bodies
        self.queued |= other.queued
        self.others |= other.others


def answer(prompt: EnginePrompt) -> Answer:
    if ENDLESS in prompt.text:
        return Answer("", gate=asyncio.Event())
    return chat_answer(f"Answer {random.random()}.", reasoning="Let me think.")


async def converse_until_killed(server: ForkedServer, had: Had) -> None:
    async def kill() -> None:
        await asyncio.sleep(random.uniform(0, LONGEST_SECONDS))
        server.kill()

    async with httpx.AsyncClient(base_url=server.url, timeout=30) as http:
        await asyncio.gather(
            kill(), *(converse(http, str(number), had) for number in range(CLIENTS))
        )


async def converse(http: httpx.AsyncClient, name: str, had: Had) -> None:
    """Hold one conversation after the other, until the server has gone."""
    with suppress(httpx.TransportError):
        while True:
            conversation = Conversation()
            for turn in range(TURNS):
                say = f"Client {name}, turn {turn}."
                body, sent = await post(http, conversation.chain_body(say), had)
                conversation = conversation.extended(say, Reply(200, body))
                had.bodies[body["id"]] = body
                had.sent[body["id"]] = sent
                had.conversations[body["id"]] = conversation


async def post(
    http: httpx.AsyncClient, body: Mapping[str, Any], had: Had
) -> tuple[dict[str, Any], bytes]:
    """A response that has ended, and the bytes that it came in."""
    kind = random.choice(("plain", "stream", "background"))
    body = {"model": MODEL_NAME, **body}
    if kind == "stream":
        reply = await http.post("/responses", json={**body, "stream": True})
        last = parse_events(reply.text)[-1]
        assert last["type"] == "response.completed", last
        return last["response"], reply.content
    reply = await http.post(
        "/responses", json={**body, "background": kind == "background"}
    )
    assert reply.status_code == 200, reply.text
    response = reply.json()
    if kind == "background":
        had.queued.add(response["id"])
        while response["status"] in ("queued", "in_progress"):
            reply = await http.get(f"/responses/{response['id']}")
            response = reply.json()
        assert response["status"] == "completed", response
    return response, reply.content


def check_file(path: Path, before: set[str], had: Had) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        ids = [id.decode() for [id] in connection.execute("SELECT id FROM records")]
    with closing(SqliteStore(path, ttl=YEAR, max_bytes=None)) as store:
        for id in set(ids) - before:
            for record in store.chain(id, ""):
                assert decode(record.body).response["id"] == record.id
    new = set(ids) - before
    assert had.bodies.keys() <= new
    had.others = new - had.bodies.keys()
    assert len(had.others) <= CLIENTS, f"{had.others}, which no client has had"


async def check_server(server: ForkedServer, had: Had) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as http:
        for id in had.queued:
            assert (await http.get(f"/responses/{id}")).status_code == 200
        for id, body in had.bodies.items():
            read = await http.get(f"/responses/{id}")
            assert read.json() == body, (body, read.text)
            # In a stream, it is a part of the last event.
            assert read.content in had.sent[id], (had.sent[id], read.content)
            conversation = had.conversations[id]
            prompts = [
                await prompt_of(http, made("Go on.", store=False))
                for made in (conversation.chain_body, conversation.replay_body)
            ]
            assert prompts[0] == prompts[1]


async def kill_while_making(server: ForkedServer, other: ForkedServer) -> float:
    """Seconds after which another server says that what was made has failed."""
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=30) as its,
        httpx.AsyncClient(base_url=other.url, timeout=30) as others,
    ):
        ids = [await begin(its, stream=stream) for stream in (False, True, False)]
        for id in ids:
            assert (await others.get(f"/responses/{id}")).json()["status"] == "queued"
        cancelled = ids.pop()
        await others.post(f"/responses/{cancelled}/cancel")
        server.kill()
        killed = time.monotonic()
        waiting = set(ids)
        while waiting:
            assert time.monotonic() - killed < FAILED_SECONDS, "still not failed"
            await asyncio.sleep(0.1)
            for id in list(waiting):
                read = (await others.get(f"/responses/{id}")).json()
                if read["status"] == "failed":
                    assert "has ended" in read["error"]["message"], read
                    waiting.remove(id)
        seconds = time.monotonic() - killed
        read = (await others.get(f"/responses/{cancelled}")).json()
        assert read["status"] == "cancelled", read
    return seconds


async def begin(http: httpx.AsyncClient, *, stream: bool) -> str:
    """Begin a background response that will not end; its id."""
    body = {"model": MODEL_NAME, "input": ENDLESS, "background": True, "stream": stream}
    async with http.stream("POST", "/responses", json=body) as reply:
        assert reply.status_code == 200
        if not stream:
            await reply.aread()
            id: str = reply.json()["id"]
            return id
        async for line in reply.aiter_lines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                id = event["response"]["id"]
                return id
    raise AssertionError("no event")


async def prompt_of(http: httpx.AsyncClient, body: Mapping[str, Any]) -> list[int]:
    reply = await http.post(
        "/responses",
        json={"model": MODEL_NAME, "enable_response_messages": True, **body},
    )
    assert reply.status_code == 200, reply.text
    (prompt,) = reply.json()["input_messages"]
    token_ids: list[int] = prompt["tokens"]
    return token_ids


if __name__ == "__main__":
    main()
