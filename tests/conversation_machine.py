"""Conversations with a running server, in which anything may follow anything.

Every request is made twice: chained, and replayed with the whole conversation as its
input. The engine has to see the same token ids.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Protocol

from harness.app import ServerFactory, environment
from harness.client import Client, Conversation, Item, Reply
from harness.event_loop import EventLoopThread
from harness.scripted_engine import Answer
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from wire_items import texts_of

TOOLS = [
    {
        "type": "function",
        "name": name,
        "description": f"The tool {name}.",
        "parameters": {"type": "object", "properties": {"q": {"type": "string"}}},
        "strict": False,
    }
    for name in ("search", "get_weather")
]


class Path(Protocol):
    """What differs between the chat template path and Harmony."""

    def answers(self, text: str, may_call: bool) -> st.SearchStrategy[Answer]:
        """What the model may generate; `text` is to be part of it."""

    def client_history(self, text: str) -> st.SearchStrategy[list[Item]]:
        """Items of a conversation that was held elsewhere."""


# What all machines of a test run have done; a test run's last lines say it.
held: Counter[str] = Counter()


@dataclass(frozen=True)
class Node:
    """A conversation that can be continued, from any turn and more than once."""

    conversation: Conversation
    unanswered: tuple[str, ...] = ()


class ConversationMachine(RuleBasedStateMachine):
    """Starts, continues, branches and retries conversations on one server."""

    def __init__(
        self, factory: ServerFactory, loop: EventLoopThread, path: Path
    ) -> None:
        super().__init__()
        self.factory = factory
        self.loop = loop
        self.path = path
        self.nodes: list[Node] = []
        self.said = 0

    @initialize()
    def start_server(self) -> None:
        self.start()
        self.nodes = [Node(Conversation())]
        self.branched: list[Node] = []
        held["conversations"] += 1

    def start(self) -> None:
        with environment():
            self.server = self.loop.run(self.factory.start())
        self.client = Client(self.server)

    def teardown(self) -> None:
        if self.nodes:
            self.close()

    def close(self) -> None:
        self.loop.run(self.server.close())

    @rule(data=st.data())
    def say(self, data: st.DataObject) -> None:
        """The user says something, as text or as parts, at any point so far."""
        node = data.draw(st.sampled_from(self.nodes))
        text = self.text("user")
        parts = [{"type": "input_text", "text": text}, self.part("user")]
        new_input = data.draw(
            st.sampled_from(
                [text, [{"role": "user", "content": parts}], [_message("user", text)]]
            )
        )
        self.turn(data, node, new_input)

    @rule(data=st.data())
    def answer_calls(self, data: st.DataObject) -> None:
        """Results for some of the calls that are open, perhaps with a word added."""
        open_nodes = [node for node in self.nodes if node.unanswered]
        if not open_nodes:
            return
        node = data.draw(st.sampled_from(open_nodes))
        answered = data.draw(
            st.lists(st.sampled_from(node.unanswered), min_size=1, unique=True)
        )
        new_input: list[Item] = [self.result(data, call_id) for call_id in answered]
        if data.draw(st.booleans()):
            new_input.append(_message("user", self.text("user")))
        left = tuple(call for call in node.unanswered if call not in answered)
        self.turn(data, replace(node, unanswered=left), new_input)

    @rule(data=st.data())
    def bring_history(self, data: st.DataObject) -> None:
        """The client sends items of its own: assistant items, system and developer."""
        node = data.draw(st.sampled_from(self.nodes))
        new_input = data.draw(self.path.client_history(self.text("client")))
        new_input.append(_message("user", self.text("user")))
        self.turn(data, node, new_input)

    @rule(data=st.data())
    def branch(self, data: st.DataObject) -> None:
        """Several children of one parent at once; each sees the parent as it was."""
        node = data.draw(st.sampled_from(self.nodes))
        inputs = [self.text("child") for _ in range(3)]
        answers = [self.answer(data, {}) for _ in inputs]

        async def children() -> list[Reply]:
            return await asyncio.gather(
                *(
                    self.client.create(node.conversation.chain_body(text), answer)
                    for text, answer in zip(inputs, answers, strict=True)
                )
            )

        for text, answer, reply in zip(
            inputs, answers, self.loop.run(children()), strict=True
        ):
            self.compare(node, text, {}, answer, reply)
            self.remember(node, text, reply)

    @rule(data=st.data())
    def run_in_background(self, data: st.DataObject) -> None:
        """A background response can be chained on once it is done."""
        node = data.draw(st.sampled_from(self.nodes))
        text = self.text("background")
        answer = self.answer(data, {})
        queued = self.loop.run(
            self.client.create(
                node.conversation.chain_body(text, background=True), answer
            )
        )
        assert queued.status == 200, queued.body
        reply = self.loop.run(self.client.wait(queued.id))
        reply = replace(reply, prompts=queued.prompts)
        self.compare(node, text, {}, answer, reply)
        self.remember(node, text, reply)

    def turn(
        self, data: st.DataObject, node: Node, new_input: str | list[Item]
    ) -> None:
        params = self.params(data)
        answer = self.answer(data, params)
        body = node.conversation.chain_body(new_input, **params)
        send = self.client.stream if data.draw(st.booleans()) else self.client.create
        reply = self.loop.run(send(body, answer))
        self.compare(node, new_input, params, answer, reply)
        streamed = reply.streamed_output
        # vLLM's streaming parsers read an answer that was cut short in their own way.
        if reply.events and _types(streamed) == _types(reply.output):
            assert _identities(streamed) == _identities(reply.output)
        if data.draw(st.integers(0, 5)) == 0:
            retried = self.loop.run(self.client.create(body, answer))
            assert retried.prompt.token_ids == reply.prompt.token_ids
        self.remember(node, new_input, reply)

    def compare(
        self,
        node: Node,
        new_input: str | list[Item],
        params: dict[str, Any],
        answer: Answer,
        reply: Reply,
    ) -> None:
        assert reply.status == 200, reply.body
        body = node.conversation.replay_body(new_input, store=False, **params)
        replayed = self.loop.run(self.client.create(body, answer))
        assert replayed.status == 200, replayed.body
        assert reply.prompt.text == replayed.prompt.text
        assert list(reply.prompt.token_ids) == list(replayed.prompt.token_ids)
        held["turns compared with their replay"] += 1
        for text in self.expected_texts(body["input"]):
            assert text in reply.prompt.text
        if "instructions" in params:
            assert reply.prompt.text.count("<instructions ") == 1

    def expected_texts(self, items: list[Item]) -> list[str]:
        """What is to be in the prompt: all texts but for arguments, which a chat
        template may lay out differently."""
        calls = ("function_call",)
        return list(texts_of([item for item in items if item.get("type") not in calls]))

    def remember(self, node: Node, new_input: str | list[Item], reply: Reply) -> None:
        calls = tuple(
            item["call_id"] for item in reply.output if item["type"] == "function_call"
        )
        # A turn ends the conversation it continues, or begins a branch of it.
        if any(known.conversation == node.conversation for known in self.branched):
            held["conversations"] += 1
        self.branched.append(node)
        self.nodes.append(
            Node(
                node.conversation.extended(new_input, reply),
                (*node.unanswered, *calls),
            )
        )

    def params(self, data: st.DataObject) -> dict[str, Any]:
        params: dict[str, Any] = {}
        if data.draw(st.booleans()):
            params["instructions"] = self.text("instructions")
        tools = data.draw(st.sampled_from([None, TOOLS, TOOLS[:1]]))
        if tools:
            params["tools"] = tools
        return params

    def answer(self, data: st.DataObject, params: dict[str, Any]) -> Answer:
        may_call = "tools" in params
        return data.draw(self.path.answers(self.text("model"), may_call))

    def result(self, data: st.DataObject, call_id: str) -> Item:
        output: Any = self.text("result")
        if data.draw(st.booleans()):
            output = [{"type": "input_text", "text": output}, self.part("result")]
        return {"type": "function_call_output", "call_id": call_id, "output": output}

    def part(self, what: str) -> Item:
        return {"type": "input_text", "text": self.text(what)}

    def text(self, what: str) -> str:
        self.said += 1
        return f"<{what} {self.said}>"


def _message(role: str, text: str) -> Item:
    return {"type": "message", "role": role, "content": text}


def _types(items: list[Item]) -> list[str]:
    return [item["type"] for item in items]


def _identities(items: list[Item]) -> list[tuple[str, str | None]]:
    return [(item["id"], item.get("call_id")) for item in items]
