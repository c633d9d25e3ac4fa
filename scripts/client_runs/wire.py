"""What passes between a client and the server: requests, and what came back."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from harness.app import ScriptedServer
from harness.client import Item, parse_events

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
PATH = "/v1/responses"


@dataclass
class Exchange:
    """A POST of /v1/responses.

    Attributes:
        body: the request's JSON.
        status: the HTTP status; 0 while there is none.
        reply: the bytes of the response's body.
    """

    body: dict[str, Any]
    status: int = 0
    reply: bytes = b""

    @property
    def response(self) -> dict[str, Any]:
        """The response object that the client got; for a stream, its last event's.

        Raises:
            RefusedError: there is none.
        """
        text = self.reply.decode()
        found = (
            parse_events(text)[-1].get("response")
            if self.body.get("stream") and self.status == 200
            else json.loads(text)
        )
        if self.status != 200 or not found:
            raise RefusedError(f"{self.status}: {text.strip() or 'no body'}")
        return found

    @property
    def new_items(self) -> list[Item]:
        new_input = self.body["input"]
        if isinstance(new_input, str):
            return [{"type": "message", "role": "user", "content": new_input}]
        return new_input


class RefusedError(Exception):
    """The server answered with an error, or the stream broke off."""


@asynccontextmanager
async def recorded(
    server: ScriptedServer,
) -> AsyncIterator[tuple[str, Sequence[Exchange]]]:
    """Let `server` listen; yields its base URL, and what its clients send and get."""
    exchanges: list[Exchange] = []
    app = server.app

    async def recorder(scope: Message, receive: Receive, send: Send) -> None:
        if (scope.get("method"), scope.get("path")) != ("POST", PATH):
            return await app(scope, receive, send)
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        exchange = Exchange(json.loads(body))
        exchanges.append(exchange)
        pending = [{"type": "http.request", "body": body}]

        async def receive_again() -> Message:
            return pending.pop() if pending else await receive()

        async def send_and_keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
            exchange.reply += message.get("body", b"")
            await send(message)

        await app(scope, receive_again, send_and_keep)

    server.app = recorder  # type: ignore[assignment]
    try:
        async with server.listening() as url:
            yield url, exchanges
    finally:
        server.app = app
