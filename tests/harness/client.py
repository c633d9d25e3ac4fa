"""A client for the Responses API that also sees the prompts its requests led to."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from .app import MODEL_NAME, ScriptedServer
from .scripted_engine import Answer, EnginePrompt, Exchange, current_exchange

Item = dict[str, Any]
TERMINAL = frozenset({"completed", "incomplete", "failed", "cancelled"})


@dataclass(frozen=True)
class Reply:
    """What came back for a request.

    Attributes:
        status: the HTTP status.
        body: the response object, or the error's JSON; for a stream, the response of
            last event (`response.completed`, `response.incomplete`), or that event if
            the stream broke off before.
        events: the events of a stream, in order.
        prompts: what reached the engine. For a background request the list fills
            when generation starts.
    """

    status: int
    body: dict[str, Any]
    events: Sequence[dict[str, Any]] = ()
    prompts: Sequence[EnginePrompt] = ()

    @classmethod
    def of(cls, answer: httpx.Response) -> "Reply":
        """What was asked for in another way than by the methods of `Client`."""
        return cls(answer.status_code, answer.json())

    @property
    def response(self) -> dict[str, Any]:
        """The response object.

        Raises:
            AssertionError: the reply is an error.
        """
        assert self.status == 200 and "output" in self.body, (self.status, self.body)
        return self.body

    @property
    def id(self) -> str:
        return self.response["id"]

    @property
    def output(self) -> list[Item]:
        return self.response["output"]

    @property
    def streamed_output(self) -> list[Item]:
        """The output items as the stream's `response.output_item.done` had them."""
        return [
            event["item"]
            for event in self.events
            if event["type"] == "response.output_item.done"
        ]

    @property
    def prompt(self) -> EnginePrompt:
        """The request's first prompt."""
        return self.prompts[0]

    @property
    def error(self) -> str:
        """The message of an error reply."""
        return self.body["error"]["message"]

    @property
    def refusal(self) -> tuple[int, str, str | None, str]:
        """Status, type, parameter and message of an error reply: all of it."""
        error = self.body["error"]
        assert error["code"] in (self.status, "previous_response_not_found")
        return self.status, error["type"], error["param"], error["message"]


@dataclass(frozen=True)
class Conversation:
    """A conversation as its client knows it. Branches share what they have in common.

    Attributes:
        items: inputs and outputs, as they were on the wire.
        response_id: the response to continue from.
    """

    items: tuple[Item, ...] = ()
    response_id: str | None = None

    def extended(
        self,
        new_input: str | Sequence[Item],
        reply: Reply,
        output: Sequence[Item] | None = None,
    ) -> "Conversation":
        """This conversation after a turn.

        Args:
            output: the output items, if not those of the response object.
        """
        items = reply.output if output is None else output
        return Conversation((*self.items, *as_items(new_input), *items), reply.id)

    def chain_body(
        self, new_input: str | Sequence[Item], **params: Any
    ) -> dict[str, Any]:
        """The next turn, with the conversation so far named by its id."""
        body = {"input": new_input, **params}
        if self.response_id is not None:
            body["previous_response_id"] = self.response_id
        return body

    def replay_body(
        self, new_input: str | Sequence[Item], **params: Any
    ) -> dict[str, Any]:
        """The next turn, with the conversation so far sent as input."""
        return {"input": [*self.items, *as_items(new_input)], **params}


def as_items(new_input: str | Sequence[Item]) -> list[Item]:
    if isinstance(new_input, str):
        return [{"type": "message", "role": "user", "content": new_input}]
    return list(new_input)


@dataclass(frozen=True)
class Client:
    """Requests to a scripted server. All methods belong on the server's event loop."""

    server: ScriptedServer
    defaults: Mapping[str, Any] = field(default_factory=lambda: {"model": MODEL_NAME})

    async def create(self, body: Mapping[str, Any], *answers: Answer | str) -> Reply:
        """POST /v1/responses.

        Args:
            answers: what the model generates, one for each time the request makes it
                generate. Without any, the engine's script is asked.
        """
        return await self._post(dict(body), answers)

    async def stream(self, body: Mapping[str, Any], *answers: Answer | str) -> Reply:
        """As `create`, with the events of a stream."""
        return await self._post({**body, "stream": True}, answers)

    async def retrieve(self, response_id: str) -> Reply:
        reply = await self.server.http.get(f"/v1/responses/{response_id}")
        return Reply(
            reply.status_code,
            reply.json(),
            prompts=self.server.engine.prompts.get(response_id, ()),
        )

    async def cancel(self, response_id: str) -> Reply:
        reply = await self.server.http.post(f"/v1/responses/{response_id}/cancel")
        return Reply.of(reply)

    async def wait(self, response_id: str) -> Reply:
        """Retrieve a background response until it is done."""
        while True:
            reply = await self.retrieve(response_id)
            if reply.status != 200 or reply.body["status"] in TERMINAL:
                return reply
            await asyncio.sleep(0)

    async def _post(
        self, body: dict[str, Any], answers: Sequence[Answer | str]
    ) -> Reply:
        exchange = Exchange(
            deque(Answer(a) if isinstance(a, str) else a for a in answers)
        )
        token = current_exchange.set(exchange)
        try:
            reply = await self.server.http.post(
                "/v1/responses", json={**self.defaults, **body}
            )
        finally:
            current_exchange.reset(token)
        if not reply.headers["content-type"].startswith("text/event-stream"):
            return Reply(reply.status_code, reply.json(), prompts=exchange.prompts)
        events = parse_events(reply.text)
        last = events[-1]
        # Up to 0.31 an incomplete response is completed, too.
        is_whole = last["type"] in ("response.completed", "response.incomplete")
        return Reply(
            reply.status_code,
            last["response"] if is_whole else last,
            events,
            exchange.prompts,
        )


def parse_events(text: str) -> list[dict[str, Any]]:
    """The data of server-sent events."""
    return [
        json.loads(line.removeprefix("data: "))
        for line in text.split("\n")
        if line.startswith("data: ")
    ]
