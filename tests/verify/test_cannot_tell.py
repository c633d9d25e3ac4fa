"""`verify` says what keeps it from telling, and what to do."""

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from typing import Any

import models
import pytest
from harness.app import ScriptedServer
from harness.client import Client

Verify = Callable[..., Any]
Listen = Callable[..., str]


def test_the_store_is_off(
    forgetful_server: ScriptedServer, listen: Listen, verify: Verify
) -> None:
    verified = verify(listen(forgetful_server, models.able))

    assert verified.exit_code == 2
    assert "VLLM_ENABLE_RESPONSES_API_STORE=1" in verified.conclusion
    assert verified.report["checks"] == []


def test_nothing_listens(verify: Verify) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    verified = verify(f"http://127.0.0.1:{port}")

    assert verified.exit_code == 2
    assert "can't be reached" in verified.conclusion


def test_a_connection_that_breaks(verify: Verify) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            connection, _ = server.accept()
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        verified = verify(f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()

    assert verified.exit_code == 2
    assert "can't be reached" in verified.conclusion


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://localhost", "http://"])
def test_no_url(verify: Verify, url: str) -> None:
    verified = verify(url)

    assert verified.exit_code == 2
    assert "is not the URL of a server" in verified.conclusion


@pytest.mark.parametrize("arguments", [[], ["--api-key", "guessed"]])
def test_the_api_key_is_wrong(
    locked_server: ScriptedServer, listen: Listen, verify: Verify, arguments: list[str]
) -> None:
    verified = verify(listen(locked_server, models.able), *arguments)

    assert verified.exit_code == 2
    assert "--api-key" in verified.conclusion


@pytest.mark.guards("reconstruction")
def test_the_api_key_is_right(
    locked_server: ScriptedServer, api_key: str, listen: Listen, verify: Verify
) -> None:
    verified = verify(listen(locked_server, models.able), "--api-key", api_key)

    assert verified.exit_code == 0


@pytest.mark.parametrize("variable", ["VLLM_API_KEY", "OPENAI_API_KEY"])
def test_the_api_key_is_the_environments(
    locked_server: ScriptedServer,
    api_key: str,
    listen: Listen,
    verify: Verify,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    monkeypatch.setenv(variable, api_key)
    verified = verify(listen(locked_server, models.never_calling))

    assert verified.states["text"] == "equal"


def test_a_page_that_cannot_be_written(verify: Verify, tmp_path: Path) -> None:
    page = tmp_path / "missing" / "page.html"
    verified = verify("http://127.0.0.1:9", "--html", str(page))

    assert verified.exit_code == 2
    assert f"{page} can't be written" in verified.conclusion


def test_the_model_is_another(chat: Client, listen: Listen, verify: Verify) -> None:
    verified = verify(listen(chat.server, models.able), "--model", "gpt-9")

    assert verified.exit_code == 2
    assert "'gpt-9'" in verified.conclusion
    assert "scripted" in verified.conclusion


def test_the_server_parses_no_calls(
    toolless_server: ScriptedServer, listen: Listen, verify: Verify
) -> None:
    verified = verify(listen(toolless_server, models.one_call_at_a_time))

    assert verified.exit_code == 2
    assert "called no tool" in verified.conclusion
    # What can be told is told: the client's calls, and that there is no difference.
    assert verified.states["tool-call"] == "unknown"
    assert verified.check("tool-call")["equal_turns"] == 2
    assert verified.states["text"] == "equal"


class _Proxy(BaseHTTPRequestHandler):
    """Passes on what OpenAI's API has, and nothing of vLLM's own.

    Attributes:
        behind: the servers that requests go to in turn.
        deleted: what it was asked to delete, if it can.
    """

    protocol_version = "HTTP/1.0"
    behind: Iterator[str]
    deleted: list[str]

    def do_DELETE(self) -> None:
        self.deleted.append(self.path.rpartition("/")[2])
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        self._pass_on(None)

    def do_POST(self) -> None:
        self._pass_on(self.rfile.read(int(self.headers["Content-Length"])))

    def _pass_on(self, body: bytes | None) -> None:

        request = urllib.request.Request(
            next(self.behind) + self.path, body, {"Content-Type": "application/json"}
        )
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            lines = [_without_messages(line) for line in answer]
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.end_headers()
            self.wfile.write(b"".join(lines))

    def log_message(self, *_arguments: Any) -> None:
        pass


def _without_messages(line: bytes) -> bytes:
    return line.replace(b'"input_messages":', b'"dropped":')


@contextmanager
def _proxy(*behind: str) -> Iterator[tuple[str, list[str]]]:
    """The address of a proxy before servers, and what it was asked to delete."""
    addresses = cycle([url.removesuffix("/v1") for url in behind])
    deleted: list[str] = []
    handler = type("Proxy", (_Proxy,), {"behind": addresses, "deleted": deleted})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", deleted
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def proxy(chat: Client, listen: Listen) -> Iterator[str]:
    """The address of a proxy before a server."""
    with _proxy(listen(chat.server, models.able)) as (url, _):
        yield url


def test_several_processes_answer(
    chat: Client, chat_parts: Client, listen: Listen, verify: Verify
) -> None:
    servers = [listen(client.server, models.able) for client in (chat, chat_parts)]
    with _proxy(*servers) as (url, _):
        verified = verify(url)

    assert verified.exit_code == 2
    assert "Several processes answer at this address" in verified.conclusion
    assert "VLLM_ENABLE_RESPONSES_API_STORE" not in verified.conclusion


def test_what_was_stored_is_deleted(
    chat: Client, listen: Listen, verify: Verify
) -> None:
    with _proxy(listen(chat.server, models.able)) as (url, deleted):
        verified = verify(url)

    assert verified.report["responses_kept"] == 0
    # Replayed turns are not stored.
    assert set(deleted) < set(chat.server.engine.prompts)
    assert len(deleted) == len(set(deleted)) > verified.report["requests"] // 2


@pytest.mark.guards("reconstruction")
def test_sizes_are_compared_where_prompts_are_not_shown(
    proxy: str, verify: Verify
) -> None:
    verified = verify(proxy)

    assert verified.exit_code == 0
    assert "as far as the sizes of the prompts tell" in verified.conclusion
    for check in verified.report["checks"]:
        assert check["compared_by"] == ["usage.input_tokens"]


@pytest.mark.usefixtures("stock")
def test_sizes_show_what_stock_loses(proxy: str, verify: Verify) -> None:
    verified = verify(proxy)

    assert verified.exit_code == 1
    parting = verified.check("tool-call")["difference"]
    assert parting["where"] == "the number of tokens"
    assert parting["chained"] != parting["replayed"]
