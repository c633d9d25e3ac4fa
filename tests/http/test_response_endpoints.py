"""Endpoints beside create: delete, input items; and whose a response is."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import openai
import pytest
from harness.app import CHAT_ARGS, STORE, ServerFactory, environment
from harness.client import Client, Reply
from harness.event_loop import EventLoopThread
from harness.model_folder import write_chat_model
from harness.scripted_engine import Answer
from openai.types.responses import ResponseIncludable
from shared_store import close, sqlite_settings, start_with_store, stored_by

import vllm_responses_fix

pytestmark = pytest.mark.guards("stored-responses")

KEYS = {
    "alice": "sk-alices-key-81f2",
    "bob": "sk-bobs-key-5d07",
    "stranger": "sk-a-wrong-key-93ac",
}


@pytest.fixture(scope="module")
def keyed_factory(tmp_path_factory: pytest.TempPathFactory) -> ServerFactory:
    """Servers with two API keys."""
    model = write_chat_model(tmp_path_factory.mktemp("models") / "keyed")
    return ServerFactory(model, (*CHAT_ARGS, "--api-key", KEYS["alice"], KEYS["bob"]))


@pytest.fixture
def keyed(
    keyed_factory: ServerFactory, event_loop_thread: EventLoopThread, tmp_path: Path
) -> Iterator[list[Any]]:
    """Two servers with two API keys and one store."""
    servers = event_loop_thread.run(
        start_with_store(keyed_factory, 2, **sqlite_settings(tmp_path))
    )
    yield servers
    event_loop_thread.run(close(servers))


async def _call(server: Any, key: str, method: str, path: str, **fields: Any) -> Any:
    headers = {"Authorization": f"Bearer {KEYS[key]}"}
    reply = await server.http.request(
        method, f"/v1/responses{path}", headers=headers, **fields
    )
    return reply.status_code, reply.json() if reply.text[:1] == "{" else reply.text


async def _answers(server: Any, key: str, id: str) -> list[tuple[int, str]]:
    """What all endpoints say about a response, which is called ID."""
    chained = {"model": "scripted", "input": "Hi.", "previous_response_id": id}
    answers = [
        await _call(server, key, method, path.replace("ID", id), **fields)
        for method, path, fields in (
            ("GET", "/ID", {}),
            ("GET", "/ID?stream=true", {}),
            ("GET", "/ID/input_items", {}),
            ("POST", "/ID/cancel", {}),
            ("DELETE", "/ID", {}),
            ("POST", "", {"json": chained}),
            ("POST", "", {"json": {**chained, "stream": True}}),
            ("POST", "", {"json": {**chained, "background": True}}),
        )
    ]
    return [(status, str(answer).replace(id, "ID")) for status, answer in answers]


async def test_a_response_belongs_to_the_key_that_made_it(keyed: list[Any]) -> None:
    first, second = keyed
    for server in keyed:
        server.engine.script = lambda _: Answer("Hello.")
    for more in ({}, {"stream": True}, {"background": True}):
        id = f"resp_{len(more)}{'stream' in more}"
        body = {"model": "scripted", "input": "Hi.", "request_id": id, **more}
        status, made = await _call(first, "alice", "POST", "", json=body)
        assert status == 200, made
        for server in keyed:
            answers = await _answers(server, "bob", id)
            assert answers == await _answers(server, "bob", "resp_unknown")
            assert [status for status, _ in answers] == [404] * 5 + [400] * 3
        # The id is free for others, as nobody is to know that it is taken.
        status, _ = await _call(second, "bob", "POST", "", json=body)
        assert status == 200
        for key in ("alice", "bob"):
            status, _ = await _call(second, key, "DELETE", f"/{id}")
            assert status == 200


async def test_an_owner_is_the_same_in_every_release_of_the_kit(
    keyed: list[Any],
) -> None:
    """Else nobody could go on after an upgrade."""
    server = keyed[0]
    server.engine.script = lambda _: Answer("Hello.")
    body = {"model": "scripted", "input": "Hi."}
    _, made = await _call(server, "alice", "POST", "", json=body)
    record = stored_by(server).store.get(
        made["id"], "5ee7915080aad948549f60cb36632d508c2a4535b5de86a42ac7c4fb10254e73"
    )
    assert record.id == made["id"]


async def test_no_key_is_shown_or_stored(
    keyed: list[Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """In no answer, log or metric, and neither it nor a plain hash in the store."""
    for server in keyed:
        server.engine.script = lambda _: Answer("Hello.")
    shown: list[str] = []
    with _logged(shown):
        for number, server in enumerate(keyed):
            for more in ({}, {"stream": True}, {"background": True}):
                for key in KEYS:
                    id = f"resp_{number}_{key}_{len(more)}{'stream' in more}"
                    body = {"model": "scripted", "input": "Hi.", **more}
                    made = await _call(
                        server, key, "POST", "", json={**body, "request_id": id}
                    )
                    shown.append(str(made))
                    for other in KEYS:
                        shown += map(str, await _answers(server, other, id))
            for key in KEYS:
                for wrong in ({"input": 1}, {"conversation": "c"}, {"store": []}):
                    body = {"model": "scripted", "input": "Hi.", **wrong}
                    shown.append(str(await _call(server, key, "POST", "", json=body)))
                for path in ("/metrics", "/responses_fix/status", "/openapi.json"):
                    headers = {"Authorization": f"Bearer {KEYS[key]}"}
                    reply = await server.http.get(path, headers=headers)
                    shown += [reply.text, str(reply.headers)]
    said = "\n".join([*shown, *capfd.readouterr()])
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("responses.db*"))
    assert "Hello." in said and len(stored) > 10_000
    for key in KEYS.values():
        assert key not in said
        assert key.encode() not in stored
        for name in ("md5", "sha1", "sha256", "sha512"):
            hashed = hashlib.new(name, key.encode())
            assert hashed.hexdigest().encode() not in stored
            assert hashed.digest() not in stored


@contextmanager
def _logged(lines: list[str]) -> Iterator[None]:
    """Add what is logged, debugging included."""
    handler = logging.Handler(logging.DEBUG)
    handler.emit = lambda record: lines.append(handler.format(record))  # type: ignore[method-assign]
    # vLLM's logger hands nothing on to the root.
    loggers = [logging.getLogger(name) for name in (None, "vllm")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


@pytest.mark.guards("item-references")
async def test_an_item_belongs_to_the_key_that_made_it(keyed: list[Any]) -> None:
    first, second = keyed
    for server in keyed:
        server.engine.script = lambda _: Answer("Hello.")
    body = {"model": "scripted", "input": "Hi."}
    _, made = await _call(first, "alice", "POST", "", json=body)
    item_id = made["output"][0]["id"]
    reference = {"type": "item_reference", "id": item_id}
    named = {**body, "input": [reference, {"role": "user", "content": "Go on."}]}
    for server in (first, second):
        status, answer = await _call(server, "alice", "POST", "", json=named)
        assert status == 200, answer
        status, answer = await _call(server, "bob", "POST", "", json=named)
        assert status == 400
        assert "input[0]" in answer["error"]["message"]
    unknown = {**reference, "id": item_id[:-1] + "_"}
    status, other = await _call(
        first, "bob", "POST", "", json={**body, "input": [unknown]}
    )
    assert status == 400
    assert str(other).replace(unknown["id"], "ID").replace(
        unknown["id"].partition(".")[2], "RESPONSE"
    ) == str(answer).replace(item_id, "ID").replace(made["id"], "RESPONSE")


async def test_a_deleted_response_is_gone_but_for_what_continues_it(
    chat: Client,
) -> None:
    first = await chat.create({"input": "One."}, "First.")
    second = await chat.create(
        {"input": "Two.", "previous_response_id": first.id}, "Second."
    )
    deleted = await chat.server.http.delete(f"/v1/responses/{first.id}")
    assert deleted.json() == {"id": first.id, "object": "response", "deleted": True}
    gone = await chat.create(
        {"input": "Go on.", "previous_response_id": first.id}, "Never."
    )
    assert gone.body["error"]["param"] == "previous_response_id"
    assert (gone.status, (await chat.retrieve(first.id)).status) == (400, 404)
    third = await chat.create(
        {"input": "Three.", "previous_response_id": second.id}, "Third."
    )
    assert "First." in third.prompt.text
    again = await chat.server.http.delete(f"/v1/responses/{first.id}")
    assert again.status_code == 404


async def test_deleting_cancels(chat: Client) -> None:
    never = asyncio.Event()
    queued = await chat.create(
        {"input": "Hi.", "background": True}, Answer("Hello.", gate=never)
    )
    deleted = await chat.server.http.delete(f"/v1/responses/{queued.id}")
    never.set()
    assert deleted.status_code == 200
    assert (await chat.retrieve(queued.id)).status == 404


async def test_a_conversation_is_refused(chat: Client) -> None:
    refused = await chat.create({"input": "Hi.", "conversation": "conv_1"}, "Never.")
    assert refused.refusal == (
        400,
        "invalid_request_error",
        "conversation",
        "Conversations aren't supported: continue a response with "
        "`previous_response_id`.",
    )


def test_the_openai_sdk_lists_and_deletes(
    chat: Client, listen: Callable[..., str]
) -> None:
    url = listen(chat.server, lambda _: Answer("Hello."))
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        first = client.responses.create(model="scripted", input="One.")
        second = client.responses.create(
            model="scripted",
            input=[{"role": "user", "content": "Two."}],
            previous_response_id=first.id,
        )
        listed = client.responses.input_items.list(second.id, order="asc", limit=2)
        texts = [item.content[0].text for item in listed]  # type: ignore[union-attr]
        assert texts == ["One.", "Hello.", "Two."]
        newest = client.responses.input_items.list(second.id, limit=1)
        assert newest.data[0].content[0].text == "Two."  # type: ignore[union-attr]
        with_images = client.responses.input_items.list(
            second.id, include=["message.input_image.image_url"], limit=1
        )
        assert with_images.data == newest.data
        with pytest.raises(openai.BadRequestError, match="limit"):
            client.responses.input_items.list(second.id, limit=0)
        client.responses.delete(second.id)
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(second.id)
        assert client.responses.retrieve(first.id).id == first.id


async def test_pages_of_input_items(chat: Client) -> None:
    first = await chat.create({"input": "One."}, "First.")
    call_output = {"type": "function_call_output", "call_id": "call_1", "output": "Yes"}
    second = await chat.create(
        {
            "input": [
                {
                    "type": "function_call",
                    "call_id": "call_1",
                    "name": "ask",
                    "arguments": "{}",
                },
                call_output,
                {"role": "assistant", "content": "Hm."},
                {"role": "user", "content": "Two.", "id": "msg_1", "status": None},
                {"role": "developer", "content": [{"type": "input_text", "text": "-"}]},
            ],
            "previous_response_id": first.id,
        },
        "Second.",
    )

    async def page(**query: Any) -> dict[str, Any]:
        path = f"/v1/responses/{second.id}/input_items"
        reply = await chat.server.http.get(path, params=query)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def message(number: int, role: str, text: str) -> dict[str, Any]:
        return {
            "type": "message",
            "id": f"{second.id}_item_{number}",
            "role": role,
            "status": "completed",
            "content": [{"type": "input_text", "text": text}],
        }

    said = message(4, "assistant", "Hm.")
    said["content"] = [{"type": "output_text", "text": "Hm.", "annotations": []}]
    whole = await page(order="asc")
    assert whole["data"][0] == message(0, "user", "One.")
    assert whole["data"][1] == first.output[0]
    assert whole["data"][3:] == [
        {**call_output, "id": f"{second.id}_item_3"},
        said,
        {**message(5, "user", "Two."), "id": "msg_1", "status": None},
        message(6, "developer", "-"),
    ]
    ids = [item["id"] for item in whole["data"]]
    assert (whole["object"], whole["has_more"]) == ("list", False)
    assert (whole["first_id"], whole["last_id"]) == (ids[0], ids[-1])

    newest = await page(limit=6)
    assert newest["data"] == whole["data"][:0:-1]
    assert newest["has_more"]
    assert (newest["first_id"], newest["last_id"]) == (ids[-1], ids[1])
    oldest = await page(after=ids[1], limit=1)
    assert (oldest["data"], oldest["has_more"]) == (whole["data"][:1], False)
    assert await page(after=ids[0], order="desc") == {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }


async def test_a_page_has_twenty_items_and_a_hundred_at_most(chat: Client) -> None:
    items = [{"role": "user", "content": str(number)} for number in range(101)]
    made = await chat.create({"input": items}, "Hello.")
    path = f"/v1/responses/{made.id}/input_items"
    for query, size in (("", 20), ("?limit=1", 1), ("?limit=100", 100)):
        reply = await chat.server.http.get(f"{path}{query}")
        texts = [item["content"][0]["text"] for item in reply.json()["data"]]
        assert texts == [str(number) for number in range(100, 100 - size, -1)]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        *(
            (f"limit={limit}", "limit is not a number from 1 to 100.")
            for limit in ("0", "101", "-1", "many", "1.5", "", "1" * 5000)
        ),
        ("order=up", "order is neither asc nor desc."),
        ("after=msg_1", "There is no item with id 'msg_1'."),
    ],
    ids=lambda value: value[:12],
)
async def test_no_such_page_of_input_items(
    chat: Client, query: str, message: str
) -> None:
    made = await chat.create({"input": "Hi."}, "Hello.")
    reply = await chat.server.http.get(f"/v1/responses/{made.id}/input_items?{query}")
    param = query.partition("=")[0]
    assert Reply.of(reply).refusal == (
        400,
        "invalid_request_error",
        param,
        message,
    )


@pytest.mark.parametrize("name", ["include", "include[]"])
async def test_input_items_include_what_openai_knows(chat: Client, name: str) -> None:
    made = await chat.create({"input": "Hi."}, "Hello.")

    async def listed(value: str) -> Any:
        query = [(name, "reasoning.encrypted_content"), (name, value)]
        path = f"/v1/responses/{made.id}/input_items"
        return await chat.server.http.get(path, params=query)

    known = await listed("message.output_text.logprobs")
    assert [item["content"][0]["text"] for item in known.json()["data"]] == ["Hi."]
    unknown = await listed("everything")
    assert Reply.of(unknown).refusal == (
        400,
        "invalid_request_error",
        "include",
        f"'everything' can't be included: it takes "
        f"{', '.join(sorted(get_args(ResponseIncludable)))}.",
    )


async def test_endpoints_answer_while_the_kit_is_in(chat: Client) -> None:
    made = await chat.create({"input": "Hi."}, "Hello.")
    path = f"/v1/responses/{made.id}"
    requests = [
        ("DELETE", path),
        ("GET", f"{path}/input_items"),
        ("GET", "/responses_fix/status"),
    ]

    async def answers() -> list[int]:
        replies = [await chat.server.http.request(*request) for request in requests]
        return [reply.status_code for reply in replies]

    vllm_responses_fix.uninstall()
    try:
        assert await answers() == [405, 404, 404]
    finally:
        vllm_responses_fix.install()
    assert (await chat.retrieve(made.id)).status == 200
    requests.reverse()
    assert await answers() == [200, 200, 200]


async def test_a_proxy_says_whose_a_response_is(
    chat_server_factory: ServerFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_RESPONSES_FIX_OWNER_HEADER", "X-User")
    servers = await start_with_store(
        chat_server_factory, 1, VLLM_RESPONSES_FIX_STORE="memory"
    )
    client = Client(servers[0])
    client.server.http.headers["X-User"] = "alice"
    made = await client.create({"input": "Hi."}, "Hello.")
    assert (await client.retrieve(made.id)).status == 200
    client.server.http.headers["X-User"] = "bob"
    assert (await client.retrieve(made.id)).status == 404
    # Without the header a request is nobody's, as are all that have none.
    del client.server.http.headers["X-User"]
    assert (await client.retrieve(made.id)).status == 404
    nobodys = await client.create({"input": "Hi."}, "Hello.")
    assert (await client.retrieve(nobodys.id)).status == 200
    await close(servers)


@pytest.mark.parametrize("store", ["1", "0"])
async def test_an_unknown_previous_response_has_openais_code(
    chat_server_factory: ServerFactory, store: str
) -> None:
    with environment(**{STORE: store}):
        client = Client(await chat_server_factory.start())
        for more in ({}, {"stream": True}, {"background": True}):
            refused = await client.create(
                {"input": "Hi.", "previous_response_id": "resp_unknown", **more}
            )
            error = refused.body["error"]
            assert refused.status == 400
            assert error["code"] == "previous_response_not_found"
            assert error["param"] == "previous_response_id"
            assert error["type"] == "invalid_request_error"
            assert error["message"].startswith(
                "Previous response with id 'resp_unknown' not found."
            )
        await client.server.close()


async def test_what_is_not_found_may_be_in_another_process(chat: Client) -> None:
    parallel = chat.server.engine.vllm_config.parallel_config
    assert "another" not in (await chat.retrieve("resp_unknown")).error
    object.__setattr__(parallel, "_api_process_count", 2)
    try:
        missing = await chat.retrieve("resp_unknown")
    finally:
        object.__setattr__(parallel, "_api_process_count", 1)
    assert missing.refusal == (
        404,
        "invalid_request_error",
        "response_id",
        "Response with id 'resp_unknown' not found. The API processes of this server "
        "share no store, and another one may have it: start the server with "
        "VLLM_RESPONSES_FIX_STORE=auto.",
    )


async def test_events_are_those_of_background_streams(chat: Client) -> None:
    plain = await chat.create({"input": "Hi."}, "Hello.")
    url = f"/v1/responses/{plain.id}?stream=true"
    refused = await chat.server.http.get(url)
    assert Reply.of(refused).refusal == (
        400,
        "invalid_request_error",
        "stream",
        f"Response with id '{plain.id}' has no events that could be streamed: they are "
        "kept for a while, of background responses that were created with `stream: "
        "true`. Retrieve it without `stream`.",
    )


async def test_without_a_store_nothing_is_found(
    chat_server_factory: ServerFactory,
) -> None:
    with environment(store=False):
        server = await chat_server_factory.start()
    url = "/v1/responses/resp_1"
    for answer in (
        await server.http.delete(url),
        await server.http.get(f"{url}/input_items"),
        await server.http.get(url),
        await server.http.post(f"{url}/cancel"),
    ):
        assert Reply.of(answer).refusal == (
            404,
            "invalid_request_error",
            "response_id",
            "Response with id 'resp_1' not found. This server stores no responses: to "
            "use `previous_response_id`, start it with the environment variable "
            "VLLM_ENABLE_RESPONSES_API_STORE=1.",
        )
    await server.close()


async def test_the_endpoints_are_in_the_openapi_page(chat: Client) -> None:
    paths = (await chat.server.http.get("/openapi.json")).json()["paths"]
    assert {"get", "delete"} <= set(paths["/v1/responses/{response_id}"])
    listing = paths["/v1/responses/{response_id}/input_items"]
    assert set(listing) == {"get"}
    schemas = {each["name"]: each["schema"] for each in listing["get"]["parameters"]}
    limit, order = schemas["limit"], schemas["order"]
    assert (limit["type"], limit["minimum"], limit["maximum"]) == ("integer", 1, 100)
    assert (limit["default"], order["default"]) == (20, "desc")
    assert order["enum"] == ["asc", "desc"]


def test_the_openai_sdk_follows_a_background_response(
    chat: Client, listen: Callable[..., str]
) -> None:
    url = listen(chat.server, lambda _: Answer("Hello."))
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        made = client.responses.create(
            model="scripted", input="Hi.", background=True, stream=True
        )
        seen = [event.to_dict() for event in made]
        id = seen[0]["response"]["id"]  # type: ignore[index]
        again = client.responses.retrieve(id, stream=True)
        assert [event.to_dict() for event in again] == seen
        later = client.responses.retrieve(id, stream=True, starting_after=2)
        assert [event.to_dict() for event in later] == seen[3:]
        cancelled = client.responses.cancel(id)
        assert cancelled.to_dict() == client.responses.retrieve(id).to_dict()
        assert cancelled.status == "completed"
        with pytest.raises(openai.NotFoundError):
            client.responses.cancel("resp_unknown")
