"""The server under verification, over HTTP."""

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Item = dict[str, Any]

# A loaded server may take its time before the first token.
_TIMEOUT_S = 300.0
_TERMINAL_EVENTS = ("response.completed", "response.incomplete", "response.failed")


class CannotTell(Exception):
    """Nothing can be said about the server; the message says what to do."""


@dataclass(frozen=True)
class Reply:
    """The answer to `POST /v1/responses`.

    Attributes:
        status: the HTTP status.
        response: the response object; `{}` if there is none.
        output: the output items as the client saw them: those of the events, where
            the response was streamed.
        error: the server's words, if there is no response.
        is_lost: whether the server does not know the response that was to be continued.
    """

    status: int
    response: Mapping[str, Any]
    output: list[Item]
    error: str = ""
    is_lost: bool = False

    @property
    def id(self) -> str:
        return str(self.response["id"])

    @property
    def calls(self) -> list[Item]:
        return [item for item in self.output if item["type"] == "function_call"]

    @property
    def has_reasoning(self) -> bool:
        return any(item["type"] == "reasoning" for item in self.output)


class Server:
    """A server of the Responses API.

    Args:
        base_url: with or without the `/v1` at its end.
        api_key: sent as a bearer token.

    Attributes:
        requests: how many were sent to `/v1/responses`.
        output_tokens: how many the server says it has generated for them.
        stored: the ids of the responses that it was to store.
    """

    def __init__(self, base_url: str, api_key: str | None = None) -> None:
        url = urllib.parse.urlsplit(base_url)
        if url.scheme not in ("http", "https") or not url.netloc:
            raise CannotTell(
                f"{base_url!r} is not the URL of a server: "
                "pass one like --base-url http://127.0.0.1:8000."
            )
        self.base_url = base_url.rstrip("/").removesuffix("/v1")
        self.requests = 0
        self.output_tokens = 0
        self.stored: list[str] = []
        self._headers = {"Content-Type": "application/json"}
        if api_key is not None:
            self._headers["Authorization"] = f"Bearer {api_key}"

    def models(self) -> list[str]:
        """The names of the models it serves.

        Raises:
            CannotTell: it can't be reached, refuses the key or is no such server.
        """
        status, body = self._json("GET", "/v1/models")
        if status != 200:
            raise CannotTell(
                f"{self.base_url}/v1/models answers {status} ({_error(body)}): "
                "pass the address of an OpenAI-compatible server with --base-url."
            )
        return [model["id"] for model in body.get("data", ())]

    def knows(self, response_id: str) -> bool:
        """Whether the server has stored a response."""
        status, _ = self._json("GET", f"/v1/responses/{response_id}")
        return status == 200

    def kit(self) -> Mapping[str, Any] | None:
        """What the kit says it did in the server; None if it is not there.

        Raises:
            CannotTell: the connection fails.
        """
        status, body = self._json("GET", "/responses_fix/status")
        return body if status == 200 and "patches" in body else None

    def delete_stored(self) -> bool:
        """Delete what was stored, newest first; returns whether the server can.

        Raises:
            CannotTell: the connection fails.
        """
        while self.stored:
            status, _ = self._json("DELETE", f"/v1/responses/{self.stored[-1]}")
            if status not in (200, 204):
                return False
            self.stored.pop()
        return True

    def create(self, body: Mapping[str, Any]) -> Reply:
        """Make a request; an error of the server's is a reply as well.

        Raises:
            CannotTell: the connection fails, or the server refuses the key.
        """
        self.requests += 1
        reply = self._streamed(body) if body.get("stream") else self._whole(body)
        if "id" in reply.response and body.get("store", True):
            self.stored.append(reply.id)
        return reply

    def _whole(self, body: Mapping[str, Any]) -> Reply:
        status, response = self._json("POST", "/v1/responses", body)
        if status != 200:
            return _refused(status, response)
        return self._reply(response, response.get("output", []))

    def _streamed(self, body: Mapping[str, Any]) -> Reply:
        with self._sent("POST", "/v1/responses", body) as answer:
            if answer.status != 200 or not _is_stream(answer):
                return _refused(answer.status, _parse(answer.read()))
            return self._of_events(answer)

    def _of_events(self, answer: Any) -> Reply:
        output = []
        last: dict[str, Any] = {}
        for last in _events(answer):
            if last.get("type") == "response.output_item.done":
                output.append(last["item"])
            elif last.get("type") in _TERMINAL_EVENTS:
                return self._reply(last["response"], output)
        error = _error(last) if "error" in last else "the stream broke off"
        return Reply(answer.status, {}, [], error)

    def _reply(self, response: dict[str, Any], output: list[Item]) -> Reply:
        usage = response.get("usage") or {}
        self.output_tokens += usage.get("output_tokens") or 0
        if response.get("status") == "failed" or "id" not in response:
            return Reply(200, {}, [], _error(response))
        return Reply(200, response, output)

    def _json(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        with self._sent(method, path, body) as answer:
            return answer.status, _parse(answer.read())

    @contextmanager
    def _sent(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> Iterator[Any]:
        """A request's answer, to be read inside the `with` block."""
        request = urllib.request.Request(
            self.base_url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers=self._headers,
            method=method,
        )
        try:
            with _open(request) as answer:
                if answer.status in (401, 403):
                    raise CannotTell(
                        f"{self.base_url} refuses the API key ({answer.status}): "
                        "set VLLM_API_KEY to the server's, or pass it with --api-key."
                    )
                yield answer
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise CannotTell(
                f"{self.base_url} can't be reached ({reason}): "
                "start the server, or pass its address with --base-url."
            ) from error


def api_key_of(environ: Mapping[str, str]) -> str | None:
    """The key that an environment has for clients of vLLM."""
    return environ.get("VLLM_API_KEY") or environ.get("OPENAI_API_KEY") or None


def _open(request: urllib.request.Request) -> Any:
    try:
        return urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        # An answer like any other, but an OSError too.
        return error


def _is_stream(answer: Any) -> bool:
    return answer.headers.get("Content-Type", "").startswith("text/event-stream")


def _events(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.startswith(b"data:"):
            yield _parse(line.removeprefix(b"data:"))


def _parse(content: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(content)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _refused(status: int, body: Mapping[str, Any]) -> Reply:
    error = body.get("error")
    # The code is OpenAI's, of a 400; vLLM's answer is a 404.
    is_lost = status == 404 or (
        isinstance(error, dict) and error.get("code") == "previous_response_not_found"
    )
    return Reply(status, {}, [], _error(body), is_lost)


def _error(body: Mapping[str, Any]) -> str:
    """The message of an error, of vLLM's, OpenAI's or FastAPI's form."""
    error = body.get("error") or body.get("message") or body.get("detail")
    if isinstance(error, dict):
        error = error.get("message")
    return str(error or "no reason given").strip()
