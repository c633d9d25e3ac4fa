"""With `--api-server-count 2` the kit is active in both API server processes."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import httpx
import pytest

from scripts.demo import bug_report
from scripts.demo.client import Client
from scripts.demo.server import MODEL_NAME, Server

PROCESSES = 2
CONVERSATIONS = 40
TURNS = 5
# Which process accepts a connection is up to the kernel.
CONNECTIONS_TRIED = 64


@pytest.fixture(scope="module")
def server(
    kit_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with Server(
        "two-process",
        sys.executable,
        tmp_path_factory.mktemp("two-process") / "server.log",
        environment=kit_environment,
        arguments=("--api-server-count", str(PROCESSES)),
    ) as server:
        server.wait()
        yield server


def test_every_api_server_process_has_the_kit(server: Server) -> None:
    processes = set()
    for _ in range(CONNECTIONS_TRIED):
        status = httpx.get(f"{server.url}/responses_fix/status").json()
        assert status["state"] == "applied"
        processes.add(status["process"])
        if len(processes) == PROCESSES:
            break
    assert len(processes) == PROCESSES


def test_any_process_continues_a_conversation(server: Server) -> None:
    """With a new connection for every turn, the processes take turns at random."""
    stored = _metric(server, "stored_total")
    for _ in range(CONVERSATIONS):
        previous = {}
        for turn in range(TURNS):
            with Client(server.url) as client:
                reply = client.create(
                    {
                        "model": MODEL_NAME,
                        "input": f"Say {turn}.",
                        "max_output_tokens": 4,
                        **previous,
                    }
                )
            previous = {"previous_response_id": reply.id}
    # Whichever process answers, it adds up what all have counted.
    for _ in range(CONNECTIONS_TRIED // 8):
        assert _metric(server, "stored_total") - stored == CONVERSATIONS * TURNS
    # A conversation that another process has continued is not in the memory of this.
    assert _metric(server, "loaded_total") > 0


def _metric(server: Server, name: str) -> float:
    text = httpx.get(f"{server.url}/metrics").text
    (value,) = [
        line.split(" ")[1]
        for line in text.splitlines()
        if line.startswith(f"vllm:responses_fix_store_{name} ")
    ]
    return float(value)


def test_the_bug_report_is_answered(server: Server) -> None:
    with Client(server.url) as client:
        assert all(turn.passed for turn in bug_report.run(client))
