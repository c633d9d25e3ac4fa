"""A client of `/v1/responses` that keeps what the demo and its tests look at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx

Item = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """A response as the client saw it, with the prompt it was generated from."""

    id: str
    output: list[Item]
    prompt: str
    prompt_token_ids: list[int]
    cached_tokens: int

    @property
    def text(self) -> str:
        return "".join(
            part.get("text", "")
            for item in self.output
            for part in item.get("content") or []
        )

    @property
    def calls(self) -> list[Item]:
        return [item for item in self.output if item["type"] == "function_call"]


class Client:
    """One connection to a server."""

    def __init__(self, url: str, timeout: float = 300) -> None:
        self._http = httpx.Client(base_url=url, timeout=timeout)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def create(self, body: dict[str, Any], *, stream: bool = False) -> Reply:
        """Send `body`, asking for the prompt as well, and return the reply.

        With `stream`, id and output are those of the events, not of the response
        that `response.completed` brings.

        Raises:
            httpx.HTTPStatusError: The server refused the request.
        """
        body = {**body, "enable_response_messages": True}
        if stream:
            seen, response = self._streamed(body)
            return _reply(response, response["id"], seen)
        answer = self._http.post("/v1/responses", json=body)
        answer.raise_for_status()
        response = answer.json()
        return _reply(response, response["id"], response["output"])

    def knows(self, response_id: str) -> bool:
        """Return whether the process at the other end has stored the response."""
        return self._http.get(f"/v1/responses/{response_id}").is_success

    def _streamed(self, body: dict[str, Any]) -> tuple[list[Item], dict[str, Any]]:
        output, completed = [], None
        with self._http.stream(
            "POST", "/v1/responses", json={**body, "stream": True}
        ) as answer:
            answer.raise_for_status()
            for event in _events(answer):
                if event["type"] == "response.output_item.done":
                    output.append(event["item"])
                elif event["type"] == "response.completed":
                    completed = event["response"]
        if completed is None:
            raise RuntimeError("the stream ended without response.completed")
        return output, completed


def _events(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in answer.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def _reply(response: dict[str, Any], response_id: str, output: list[Item]) -> Reply:
    (prompt,) = response["input_messages"]
    return Reply(
        id=response_id,
        output=output,
        prompt=prompt["message"],
        prompt_token_ids=prompt["tokens"],
        cached_tokens=response["usage"]["input_tokens_details"]["cached_tokens"],
    )
