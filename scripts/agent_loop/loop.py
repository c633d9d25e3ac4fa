"""An agent that reads file after file, and what its model answers."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from harness.answers import chat_answer
from harness.app import MODEL_NAME
from harness.scripted_engine import EnginePrompt

TOOL = {
    "type": "function",
    "name": "read_file",
    "description": "Read a file of the repository.",
    "parameters": {"type": "object", "properties": {"path": {"type": "string"}}},
    "strict": False,
}
LINE = "def total(prices: list[float]) -> float: return sum(prices)  # {}\n"


@dataclass
class Loop:
    """A conversation with one server.

    Attributes:
        http: a client of the server, whose base URL has no path.
        items: the conversation, without `new_input`.
        new_input: what the agent sends next.
        previous: the last response.
    """

    http: httpx.AsyncClient
    items: list[Any] = field(default_factory=list)
    new_input: list[Any] = field(default_factory=lambda: [user("Add up the totals.")])
    previous: str | None = None

    def chained(self, new_input: list[Any] | None = None, **others: Any) -> bytes:
        """The body of the next request, by id."""
        body = {"input": new_input or self.new_input, **others}
        if self.previous is not None:
            body["previous_response_id"] = self.previous
        return _body(body)

    def replayed(self, new_input: list[Any] | None = None, **others: Any) -> bytes:
        """The body of the next request, in full."""
        items = [*self.items, *(new_input or self.new_input)]
        return _body({"input": items, "store": False, **others})

    async def advance(self) -> None:
        """Make the next turn by id, and go on from it."""
        self.went_on(await self.post(self.chained()))

    def went_on(self, response: dict[str, Any]) -> None:
        """Go on from a response to the next turn."""
        self.items += [*self.new_input, *response["output"]]
        self.new_input = [
            {
                "type": "function_call_output",
                "call_id": item["call_id"],
                "output": "".join(LINE.format(n) for n in range(4)),
            }
            for item in response["output"]
            if item["type"] == "function_call"
        ]
        self.previous = response["id"]

    async def post(self, content: bytes) -> dict[str, Any]:
        """The response to a request.

        Raises:
            RuntimeError: the server has refused it.
        """
        reply = await self.http.post(
            "/v1/responses",
            content=content,
            headers={"Content-Type": "application/json"},
        )
        response: dict[str, Any] = reply.json()
        if reply.status_code != 200:
            raise RuntimeError(f"{reply.status_code}: {response}")
        return response


def answer(prompt: EnginePrompt) -> Any:
    """What the model says: the same to the same prompt, and reads another file."""
    number = len(prompt.token_ids)
    return chat_answer(
        f"Now to file {number}.",
        ("read_file", {"path": f"src/prices/file_{number}.py"}),
        reasoning=f"The totals so far agree, so file {number} is to be read next.",
    )


def prompt_of(response: dict[str, Any]) -> list[int]:
    """The token ids before the model, asked for by `enable_response_messages`."""
    (prompt,) = response["input_messages"]
    token_ids: list[int] = prompt["tokens"]
    return token_ids


def user(text: str) -> dict[str, Any]:
    """A message of the user's."""
    return {"type": "message", "role": "user", "content": text}


def _body(body: dict[str, Any]) -> bytes:
    common = {"model": MODEL_NAME, "instructions": "Be thorough.", "tools": [TOOL]}
    return json.dumps({**common, **body}).encode()
