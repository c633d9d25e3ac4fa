"""Records of other kits and other releases of vLLM, in stored_format_*/.

A server that is upgraded, or beside one that is, reads what was stored before. The
first records of vLLM 0.21.0 are as the first kits with a store wrote them.
"""

import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from harness.answers import chat_answer, final, harmony_answer
from harness.client import Client, Conversation
from harness.scripted_engine import Answer
from shared_store import stored_by

from vllm_responses_fix.store.record import Record

pytestmark = pytest.mark.guards("stored-responses")

HERE = Path(__file__).parent
NEWEST = HERE / "stored_format_1" / "vllm-0.33.0"
FOLDERS = sorted(HERE.glob("stored_format_*/*"))
DONE = {"chat": chat_answer("Done."), "harmony": harmony_answer(final("Done."))}


@pytest.fixture(
    params=[
        "chat",
        pytest.param("harmony", marks=pytest.mark.guards("harmony-reconstruction")),
    ]
)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def client(kind: str, request: pytest.FixtureRequest) -> Client:
    """A client of that kind of model."""
    client: Client = request.getfixturevalue(kind)
    return client


@pytest.fixture
def done(kind: str) -> Answer:
    return DONE[kind]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
async def test_a_stored_conversation_is_read_and_goes_on(
    folder: Path, kind: str, client: Client, done: Answer
) -> None:
    records = _records(folder, kind)
    for record in records:
        stored_by(client.server).store.put(
            Record(
                record["id"],
                "",
                record["parent"],
                record["status"],
                json.dumps(record["body"]).encode(),
            )
        )
    conversation = Conversation()
    for record in records:
        response = record["body"]["response"]
        read = await client.retrieve(record["id"])
        prompt = read.response["input_messages"]
        # The record has what was added to the prompt; `usage` is shown in another form.
        others = {"input_messages": prompt, "usage": read.response["usage"]}
        assert _said(read.response) == _said(response | others)
        conversation = conversation.extended(record["body"]["input"], read)
    assert prompt

    tools = {"tools": response["tools"]}
    chained = await client.create(conversation.chain_body("And b?", **tools), done)
    replayed = await client.create(conversation.replay_body("And b?", **tools), done)
    assert "It is 1." in chained.prompt.text
    assert chained.prompt.token_ids == replayed.prompt.token_ids


async def test_what_is_stored_has_the_form_of_the_newest_file(
    kind: str, client: Client, done: Answer
) -> None:
    """Another form has another number, and a file of its own."""
    *_, newest = _records(NEWEST, kind)
    body = {
        "input": "Hi.",
        "request_id": "resp_mine",
        "enable_response_messages": True,
    }
    await client.create(body, done)
    stored = json.loads(stored_by(client.server).store.get("resp_mine", "").body)
    assert stored["format"] == newest["body"]["format"]
    for part in ("harmony", "prompt", "request"):
        assert _form(stored[part]) == _form(newest["body"][part]), part
    assert stored.keys() == newest["body"].keys()


@pytest.mark.parametrize(
    "missing",
    [
        ("input_tokens",),
        ("input_tokens_details", "cached_tokens"),
    ],
)
async def test_a_count_that_was_not_made_is_zero(
    missing: Sequence[str], client: Client, done: Answer
) -> None:
    made = await client.create({"input": "Hi."}, done)
    stored = stored_by(client.server)
    record = stored.store.get(made.id, "")
    body = json.loads(record.body)
    usage = deepcopy(made.response["usage"])
    for counts in (usage, body["response"]["usage"]):
        # As a release of vLLM that does not count it.
        assert _taken_out(counts, missing) is not None
    earlier = replace(record, id="resp_earlier", body=json.dumps(body).encode())
    assert stored.store.put(earlier)
    read = await client.retrieve("resp_earlier")
    assert _taken_out(read.response["usage"], missing) == 0
    assert read.response["usage"] == usage


def _taken_out(counts: dict[str, Any], path: Sequence[str]) -> Any:
    *details, name = path
    for detail in details:
        counts = counts[detail]
    return counts.pop(name)


def _records(folder: Path, kind: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads((folder / f"{kind}.json").read_text())
    return records


def _form(part: Any) -> Any:
    return sorted(part) if isinstance(part, dict) else type(part)


def _said(value: Any) -> Any:
    """Without fields that are null, of which every release has others."""
    if isinstance(value, dict):
        return {k: _said(v) for k, v in value.items() if v is not None}
    return [_said(v) for v in value] if isinstance(value, list) else value
