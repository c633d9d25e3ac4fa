"""A running server says what the kit did in it."""

import os
from pathlib import Path
from typing import Any

import pytest
from harness.app import CHAT_ARGS, ServerFactory, environment
from harness.client import Client
from harness.model_folder import write_chat_model

import vllm_responses_fix

pytestmark = pytest.mark.kit_alone

PATH = "/responses_fix/status"


async def test_the_status_of_the_process_that_answers(chat: Client) -> None:
    answer = await chat.server.http.get(PATH)
    assert answer.status_code == 200
    said = answer.json()
    assert said["process"] == os.getpid()
    assert said["state"] == "applied"
    ours = vllm_responses_fix.status().to_dict()
    assert [(p["name"], p["state"]) for p in said["patches"]] == [
        (p["name"], p["state"]) for p in ours["patches"]
    ]


async def test_the_metric(chat: Client) -> None:
    text = (await chat.server.http.get("/metrics")).text
    (line,) = [x for x in text.splitlines() if x.startswith("vllm:responses_fix_info{")]
    assert 'state="applied"' in line
    assert "reconstruction" in line


@pytest.mark.parametrize(
    ("key", "expected"), [("right", 200), ("wrong", 401), (None, 401)]
)
def test_the_server_s_key_is_asked_for(
    key: str | None,
    expected: int,
    tmp_path: Path,
    event_loop_thread: Any,
) -> None:
    argv = (*CHAT_ARGS, "--api-key", "other", "right")
    with environment():
        factory = ServerFactory(write_chat_model(tmp_path / "model"), argv)
        server = event_loop_thread.run(factory.start())
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        answer = event_loop_thread.run(server.http.get(PATH, headers=headers))
        event_loop_thread.run(server.close())
    assert answer.status_code == expected
    assert ("patches" in answer.json()) == (expected == 200)
