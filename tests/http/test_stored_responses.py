"""What a store is for: other processes, restarts, and times when it is not there."""

import asyncio
from typing import Any

import pytest
from harness.answers import chat_answer, final, harmony_answer
from harness.app import ServerFactory
from harness.client import Client, Conversation, Reply
from harness.scripted_engine import Answer
from shared_store import close, start_with_store, stored_by

from vllm_responses_fix.store.protocol import StoreUnavailable
from vllm_responses_fix.store.record import Record
from vllm_responses_fix.stored import background, unsaved
from vllm_responses_fix.stored.body import FORMAT

pytestmark = pytest.mark.guards("stored-responses")


class Unreachable:
    """A store that can't be reached while `down` is set."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.down = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if not callable(method) or name in ("clock", "close"):
            return method

        def call(*args: Any) -> Any:
            if self.down:
                raise StoreUnavailable("the connection was refused")
            return method(*args)

        return call


def _make_unreachable(client: Client) -> Unreachable:
    stored = stored_by(client.server)
    store = Unreachable(stored.store)
    stored.store = stored._unsaved._store = stored._reader._store = store
    return store


async def test_a_streamed_response_is_stored_before_its_last_event(
    two_clients: tuple[Client, Client],
) -> None:
    from vllm.entrypoints.openai.responses.protocol import ResponsesRequest

    first, second = two_clients
    first.server.engine.script = lambda _: Answer("Hello.")
    serving = first.server.app.state.openai_serving_responses
    request = ResponsesRequest(model="scripted", input="Hi.", stream=True)
    async for event in await serving.create_responses(request):
        if event.type == "response.completed":
            reply = await second.retrieve(request.request_id)
            assert reply.body == event.response.model_dump(mode="json", by_alias=True)
            return
    raise AssertionError("no last event")


async def test_what_a_process_knows_of_a_conversation_is_not_made_again(
    two_clients: tuple[Client, Client],
) -> None:
    conversation, replies = Conversation(), []
    for client in (*two_clients, *two_clients):
        reply = await client.create(conversation.chain_body("Say it."), "Answer.")
        conversation = conversation.extended("Say it.", reply)
        replies.append(reply)
    cache = stored_by(two_clients[1].server).cache
    # It has made the second turn, and loaded the third to make the fourth.
    made, loaded = (cache.get(("", replies[turn].id)) for turn in (1, 2))
    assert made is not None and loaded is not None
    assert len(made.messages) == 3 and len(loaded.messages) == 5
    for before, after in zip(made.messages, loaded.messages, strict=False):
        assert after is before


async def test_a_background_response_is_read_and_cancelled_elsewhere(
    two_clients: tuple[Client, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "RENEW_SECONDS", 0.02)
    first, second = two_clients
    never = asyncio.Event()
    queued = await first.create(
        {"input": "Hi.", "background": True}, Answer("Hello.", gate=never)
    )
    assert (await second.retrieve(queued.id)).body["status"] == "queued"
    assert (await second.cancel(queued.id)).body["status"] == "cancelled"
    # Who makes it notices, and stops.
    tasks = stored_by(first.server).tasks
    while tasks.get(queued.id) is not None:
        await asyncio.sleep(0.01)
    assert (await first.retrieve(queued.id)).body["status"] == "cancelled"
    assert (await second.cancel(queued.id)).body["status"] == "cancelled"


async def test_a_background_response_is_deleted_elsewhere(
    two_clients: tuple[Client, Client],
) -> None:
    first, second = two_clients
    never = asyncio.Event()
    queued = await first.create(
        {"input": "Hi.", "background": True}, Answer("Hello.", gate=never)
    )
    deleted = await second.server.http.delete(f"/v1/responses/{queued.id}")
    assert deleted.status_code == 200
    # At once where it is made, too, which ends upon that at the latest.
    tasks = stored_by(first.server).tasks
    for client in (first, second):
        assert (await client.retrieve(queued.id)).status == 404
        assert (await client.cancel(queued.id)).status == 404
    while tasks.get(queued.id) is not None:
        await asyncio.sleep(0.01)


async def test_a_background_response_is_cancelled_elsewhere_at_once(
    two_clients: tuple[Client, Client],
) -> None:
    first, second = two_clients
    never = asyncio.Event()
    queued = await first.create(
        {"input": "Hi.", "background": True}, Answer("Hello.", gate=never)
    )
    assert (await second.cancel(queued.id)).body["status"] == "cancelled"
    assert (await first.retrieve(queued.id)).body["status"] == "cancelled"
    assert (await first.cancel(queued.id)).body["status"] == "cancelled"


@pytest.mark.parametrize("stream", [False, True])
async def test_what_ends_after_it_was_deleted_elsewhere_stays_deleted(
    two_clients: tuple[Client, Client], stream: bool
) -> None:
    first, second = two_clients
    gate = asyncio.Event()
    made = asyncio.create_task(
        first.create(
            {
                "input": "Hi.",
                "background": True,
                "stream": stream,
                "request_id": "resp_mine",
            },
            Answer("Hello.", gate=gate),
        )
    )
    while (await second.retrieve("resp_mine")).status != 200:
        await asyncio.sleep(0.01)
    tasks = stored_by(first.server).tasks
    deleted = await second.server.http.delete("/v1/responses/resp_mine")
    assert deleted.status_code == 200
    # Before who makes it has noticed.
    gate.set()
    while tasks.get("resp_mine") is not None:
        await asyncio.sleep(0.01)
    await made
    for client in (first, second):
        assert (await client.retrieve("resp_mine")).status == 404
        chained = {"input": "Go on.", "previous_response_id": "resp_mine"}
        assert (await client.create(chained, "Never.")).status == 400
    assert not stored_by(first.server).cache
    assert stored_by(first.server)._unsaved.given_up == 0


async def test_a_background_response_that_has_ended_is_stored(
    two_clients: tuple[Client, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two_clients
    put = stored_by(first.server)._unsaved.put

    async def put_slowly(record: Record, **options: Any) -> Any:
        await asyncio.sleep(0.05)
        return await put(record, **options)

    gate = asyncio.Event()
    queued = await first.create(
        {"input": "Hi.", "background": True}, Answer("Hello.", gate=gate)
    )
    monkeypatch.setattr(stored_by(first.server)._unsaved, "put", put_slowly)
    gate.set()
    # Whoever is told that it is completed finds it so everywhere.
    assert (await first.wait(queued.id)).body["status"] == "completed"
    assert (await second.retrieve(queued.id)).body["status"] == "completed"


async def test_a_background_response_whose_process_ended_has_failed(
    two_clients: tuple[Client, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two_clients
    never = asyncio.Event()
    queued = await first.create(
        {"input": "Hi.", "background": True}, Answer("Hello.", gate=never)
    )
    # As after a kill: nobody renews it.
    monkeypatch.setattr(background, "LOST_SECONDS", -1.0)
    body = (await second.retrieve(queued.id)).body
    assert body["status"] == "failed"
    assert body["error"]["message"] == "The server that made it has ended."
    never.set()


async def test_a_background_response_whose_generation_fails_has_failed(
    chat: Client,
) -> None:
    def fail(_: Any) -> Answer:
        raise RuntimeError("the engine failed")

    chat.server.engine.script = fail
    queued = await chat.create({"input": "Hi.", "background": True})
    # On stock it stays queued for ever.
    for _ in range(200):
        status = (await chat.retrieve(queued.id)).body["status"]
        if status != "queued":
            break
        await asyncio.sleep(0.01)
    assert status == "failed"
    streamed = await chat.stream({"input": "Hi.", "background": True})
    assert streamed.events[-1]["type"] == "response.failed"
    failed = streamed.events[-1]["response"]
    assert failed["status"] == "failed"
    assert failed["error"]["message"] == "The model's generation has failed."
    assert (await chat.retrieve(streamed.events[0]["response"]["id"])).body[
        "status"
    ] == "failed"


async def test_the_stream_of_a_cancelled_response_ends(chat: Client) -> None:
    never = asyncio.Event()
    streaming = asyncio.create_task(
        chat.stream(
            {"input": "Hi.", "background": True, "request_id": "resp_mine"},
            Answer("Hello.", gate=never),
        )
    )
    events = chat.server.app.state.openai_serving_responses.event_store
    while len(events.get("resp_mine", ((),))[0]) < 2:
        await asyncio.sleep(0.01)
    assert (await chat.cancel("resp_mine")).body["status"] == "cancelled"
    for _ in range(200):
        # On stock it never ends.
        if streaming.done():
            break
        await asyncio.sleep(0.01)
    streaming.cancel()
    assert (await streaming).events[-1]["type"] == "response.in_progress"


async def test_events_of_another_process_are_a_400(
    two_clients: tuple[Client, Client],
) -> None:
    first, second = two_clients
    reply = await first.create({"input": "Hi."}, "Hello.")
    never = asyncio.Event()
    running = await first.create(
        {"input": "Hi.", "background": True}, Answer("Hello.", gate=never)
    )
    for id, why in (
        (
            reply.id,
            "has no events that could be streamed: they are kept for a while, of "
            "background responses that were created with `stream: true`. Retrieve it "
            "without `stream`.",
        ),
        (
            running.id,
            "is being made by another process: its events can't be streamed from here. "
            "Retrieve it without `stream` until it is finished.",
        ),
    ):
        refused = await second.server.http.get(f"/v1/responses/{id}?stream=true")
        assert Reply.of(refused).refusal == (
            400,
            "invalid_request_error",
            "stream",
            f"Response with id '{id}' {why}",
        )
    await first.cancel(running.id)


async def test_what_is_kept_of_background_responses_is_bounded(
    chat: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "EVENTS_KEPT", 3)
    serving = chat.server.app.state.openai_serving_responses
    for _ in range(10):
        streamed = await chat.stream({"input": "Hi.", "background": True}, "Hello.")
        assert streamed.events[-1]["type"] == "response.completed"
    while stored_by(chat.server).running:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(serving.event_store) == 3
    assert len(serving.background_tasks) == 0


async def test_what_needs_the_store_is_a_503_while_it_is_down(chat: Client) -> None:
    made = await chat.create({"input": "One."}, "First.")
    store = _make_unreachable(chat)
    store.down = True
    url = f"/v1/responses/{made.id}"
    reference = {"type": "item_reference", "id": made.output[0]["id"]}
    refused = {
        "previous_response_id": {"input": "A", "previous_response_id": made.id},
        "request_id": {"input": "A", "request_id": "resp_mine"},
        "input": {"input": [reference]},
    }
    replies = [
        ("response_id", await chat.server.http.get(url)),
        ("response_id", await chat.server.http.get(f"{url}/input_items")),
        ("response_id", await chat.server.http.post(f"{url}/cancel")),
        ("response_id", await chat.server.http.delete(url)),
    ]
    for param, body in refused.items():
        for more in ({}, {"stream": True}, {"background": True}):
            body = {"model": "scripted", **body, **more}
            reply = await chat.server.http.post("/v1/responses", json=body)
            replies.append((param, reply))
    for param, reply in replies:
        assert Reply.of(reply).refusal == (
            503,
            "service_unavailable",
            param,
            "Stored responses can't be read at the moment: the connection was refused",
        )
        assert reply.headers["retry-after"] == "5"
    store.down = False
    # Nothing of what was refused is left.
    assert (await chat.create(refused["request_id"], "Second.")).status == 200
    assert (await chat.retrieve(made.id)).body == made.body


async def test_an_answer_waits_while_the_store_is_down(
    two_clients: tuple[Client, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unsaved, "RETRY_SECONDS", 0.02)
    first, second = two_clients
    stores = [_make_unreachable(client) for client in two_clients]
    begun = await first.create({"input": "One."}, "First.")
    for store in stores:
        store.down = True
    refused = await second.create(
        {"input": "Two.", "previous_response_id": begun.id}, "Never."
    )
    assert refused.refusal == (
        503,
        "service_unavailable",
        "previous_response_id",
        "Stored responses can't be read at the moment: the connection was refused",
    )
    raw = await second.server.http.get(f"/v1/responses/{begun.id}")
    assert (raw.status_code, raw.headers["retry-after"]) == (503, "5")
    new = await first.create({"input": "Alone."}, "Answered.")
    next_turn = Conversation().extended("Alone.", new)
    chained = await first.create(next_turn.chain_body("Go on."), "Gone on.")
    assert chained.status == 200
    for store in stores:
        store.down = False
    while stored_by(first.server)._unsaved.has(("", chained.id)):
        await asyncio.sleep(0.01)
    third = next_turn.extended("Go on.", chained)
    elsewhere = await second.create(third.chain_body("And?"), "Done.")
    replayed = await second.create(third.replay_body("And?"), "Done.")
    assert elsewhere.prompt.text == replayed.prompt.text


async def test_what_was_evicted_says_so(
    chat_server_factory: ServerFactory,
) -> None:
    servers = await start_with_store(
        chat_server_factory,
        1,
        VLLM_RESPONSES_FIX_STORE="memory",
        VLLM_RESPONSES_FIX_STORE_MAX_BYTES="10kB",
    )
    client = Client(servers[0])
    replies = [await client.create({"input": "Hi."}, "Hello.") for _ in range(20)]
    assert (await client.retrieve(replies[-1].id)).status == 200
    gone = await client.create(
        {"input": "Go on.", "previous_response_id": replies[0].id}, "Never."
    )
    assert gone.refusal == (
        400,
        "invalid_request_error",
        "previous_response_id",
        f"Previous response with id '{replies[0].id}' not found. It was evicted to "
        "make room for newer ones.",
    )
    assert "evicted" not in (await client.retrieve("resp_unknown")).error
    await close(servers)


async def test_a_record_of_a_newer_kit_is_refused(chat: Client) -> None:
    stored_by(chat.server).store.put(
        Record("resp_new", "", None, "completed", b'{"format":1000}')
    )
    refused = await chat.create(
        {"input": "Hi.", "previous_response_id": "resp_new"}, "Never."
    )
    assert refused.refusal == (
        400,
        "invalid_request_error",
        "previous_response_id",
        "Response with id 'resp_new' can't be continued here: The stored response has "
        f"format 1000, and this release of vllm-responses-fix reads formats up to "
        f"{FORMAT}: upgrade it on this server.",
    )


@pytest.fixture(params=["chat", "harmony"])
def client(request: pytest.FixtureRequest) -> Client:
    """A client of each kind of model."""
    return request.getfixturevalue(request.param)


async def test_a_turn_with_its_prompt_takes_its_own_size(client: Client) -> None:
    answer = (
        harmony_answer(final("Answer."))
        if stored_by(client.server)._is_harmony
        else chat_answer("Answer.")
    )
    conversation, sizes, prompts = Conversation(), [], []
    store = stored_by(client.server).store
    for _ in range(400):
        reply = await client.create(
            conversation.chain_body("Say it.", enable_response_messages=True), answer
        )
        conversation = conversation.extended("Say it.", reply)
        sizes.append(len(store.get(reply.id, "").body))
        prompts.append(len(str(reply.body["input_messages"])))
        if len(sizes) % 100 == 0:
            # Another process has it to read.
            stored_by(client.server).cache.clear()
            assert (await client.retrieve(reply.id)).body == reply.body
    assert prompts[-1] > 5 * prompts[1]
    assert sizes[-1] < 1.2 * sizes[1]
