"""A conversation with gpt-oss on a server of its own, turn by turn."""

import json
from typing import Any

from harness.answers import final, harmony_answer
from harness.app import ServerFactory, environment
from harness.client import Client, Item
from harness.event_loop import EventLoopThread
from harness.scripted_engine import Answer

DONE = harmony_answer(final("Done."))


class Served:
    """A server that is asked from outside its event loop."""

    def __init__(self, factory: ServerFactory, loop: EventLoopThread) -> None:
        with environment():
            self._server = loop.run(factory.start())
        self._client = Client(self._server)
        self._loop = loop

    def close(self) -> None:
        self._loop.run(self._server.close())

    def prompt(self, body: dict[str, Any]) -> list[int]:
        """The token ids that a request puts before the model."""
        reply = self._loop.run(self._client.create({**body, "store": False}, DONE))
        assert reply.status == 200, reply.body
        return list(reply.prompt.token_ids)

    def answer(
        self, body: dict[str, Any], answer: Answer, *, stream: bool = False
    ) -> tuple[str, list[Item]]:
        """Let the model answer a request.

        Returns:
            The id of the stored response, and its output items on the wire.
        """
        send = self._client.stream if stream else self._client.create
        reply = self._loop.run(send(body, answer))
        assert reply.status == 200, reply.body
        return reply.id, reply.output

    def stored(self, response_id: str) -> str:
        """All that is stored of a conversation, to be compared."""
        responses = self._server.app.state.openai_serving_responses
        return json.dumps(
            [message.to_dict() for message in responses.msg_store[response_id]]
        )
