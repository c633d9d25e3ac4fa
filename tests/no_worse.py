"""Is there anything that stock vLLM answers, and the kit does not, or otherwise?"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from every_request import REQUESTS, WEATHER, Body, answer_to, answers
from harness.app import ServerFactory
from harness.client import TERMINAL, Client, Conversation, Item, Reply
from harness.vllm_compat import is_since
from tool_conversation import calls_of, result_of

import vllm_responses_fix

Replies = dict[str, Reply]
_REFUSED = "HTTP "


@dataclass(frozen=True)
class Meant:
    """Where the kit is meant to differ from stock.

    Attributes:
        kind: of servers, see `every_request.kind_of`, or a pattern of kinds. With a
            parser of its own, a server's is "chat, tools: NAME" or "chat, reasoning:
            NAME".
        names: of requests, or patterns of names.
        why: the reason.
        until: the first release where nothing differs any more.
        refused: the kit refuses these requests. Else it has another prompt.
        joined: which differs from stock's only in that assistant messages which follow
            one another are one.
        unstreamed: which is that of the kit where the answer is not streamed.
        shown: which is that of stock where a client replays the stream's events.
    """

    kind: str
    names: tuple[str, ...]
    why: str
    until: str | None = None
    refused: bool = False
    joined: bool = False
    unstreamed: bool = False
    shown: bool = False


_MEANT = (
    Meant(
        "*",
        ("two parts",),
        "stock drops all parts but the first of an assistant's message (all-parts)",
    ),
    Meant(
        "*",
        ("own id of items", "own id of a stream"),
        "stock overwrites the response that has this `request_id` (stored-responses)",
        refused=True,
    ),
    Meant(
        "chat*",
        ("*",),
        "items of one turn are one message, as vLLM has it since 0.22 (merge-items)",
        until="0.22.0",
        joined=True,
    ),
    Meant(
        "[!h]*",
        ("call with no JSON", "call with a list", "truncated call*"),
        "stock shows no arguments that are no object since 0.29 (call-arguments)",
    ),
    Meant(
        "chat, *",
        ("*, streamed, replayed from *",),
        "stock's stream lacks what a parser has held back (streamed-output)",
        unstreamed=True,
    ),
    Meant(
        "chat, *",
        ("*, streamed, replayed from response",),
        "stock's response is not what the stream has shown (streamed-output)",
        until="0.32.0",
        shown=True,
    ),
    *(
        Meant(
            f"chat, reasoning: {name}",
            ("*call*, streamed, replayed from *",),
            "a call that a stream shows as text is an item after it (streamed-output)",
        )
        for name in ("granite", "inkling", "kimi_k3")
    ),
    Meant(
        "chat, tools: xlam",
        ("*call*, streamed, replayed from *",),
        "it reads calls of another format one token at a time (token-deltas)",
    ),
    Meant(
        "harmony",
        ("image",),
        "stock drops the image without a word (harmony-items)",
        refused=True,
    ),
    Meant("harmony", ("refusal",), "stock drops the refusal's text (harmony-items)"),
    Meant(
        "harmony",
        ("preamble and call, *",),
        "a preamble is commentary, as the model wrote it (harmony-preambles)",
    ),
    Meant(
        "harmony",
        ("instructions of *",),
        "stock drops instructions without tools (harmony-items)",
        until="0.25.0",
    ),
    Meant(
        "harmony",
        ("*call*", "empty result"),
        "calls and results look as the model writes and sees them (harmony-items)",
        until="0.31.0",
    ),
)


@dataclass(frozen=True)
class Difference:
    """A request that stock answers and the kit refuses, or with another prompt.

    Attributes:
        name: of the request.
        stock: stock's prompt.
        kit: the kit's prompt, or the error in its place.
        unstreamed: the kit's prompt after the same answer, not streamed.
        shown: stock's prompt after the items of the same stream's events.
    """

    name: str
    stock: str
    kit: str
    unstreamed: str | None = None
    shown: str | None = None

    @property
    def is_refusal(self) -> bool:
        return self.kit.startswith(_REFUSED)

    @property
    def is_joined(self) -> bool:
        return _joined(self.stock) == _joined(self.kit)

    def meant(self, kind: str) -> str | None:
        """Why the kit differs here, on a server of a kind, or None: it should not."""
        for meant in _MEANT:
            names = [f"{name}{rest}" for name in meant.names for rest in ("", ", *")]
            if (
                fnmatch(kind, meant.kind)
                and any(fnmatch(self.name, name) for name in names)
                and self.is_refusal == meant.refused
                and (self.is_joined or not meant.joined)
                and (self.kit == self.unstreamed or not meant.unstreamed)
                and (self.kit == self.shown or not meant.shown)
                and not (meant.until and is_since(meant.until))
            ):
                return meant.why
        return None


async def differences(
    factory: ServerFactory, requests: Mapping[str, Body] = REQUESTS
) -> list[Difference]:
    """What differs on a server of `factory`, stock and with the kit, which is in after.

    The requests, and conversations over answers of all kinds, streamed and not: their
    second turn replayed, as the response or the stream's events have the output, and
    chained. Chained prompts are meant to differ.
    """
    vllm_responses_fix.uninstall()
    try:
        stock = await _all_replies(factory, requests)
    finally:
        vllm_responses_fix.install()
    kit = await _all_replies(factory, requests)
    found = []
    for name, reply in stock.items():
        if not _is_answered(reply):
            continue
        if not _is_answered(kit[name]):
            refused = f"{_REFUSED}{kit[name].status}: {kit[name].body}"
            found.append(Difference(name, _prompts(reply), refused))
        elif not name.endswith("chained") and _prompts(reply) != _prompts(kit[name]):
            plain = kit.get(
                name.replace(", streamed", "").replace("events", "response")
            )
            shown = stock.get(name.replace("response", "events"))
            found.append(
                Difference(
                    name,
                    _prompts(reply),
                    _prompts(kit[name]),
                    plain and _prompts(plain),
                    shown and _prompts(shown),
                )
            )
    return found


async def _all_replies(factory: ServerFactory, requests: Mapping[str, Body]) -> Replies:
    server = await factory.start()
    client = Client(server)
    replies = {name: await _finished(client, requests[name]) for name in requests}
    for name in answers(client):
        for stream in (False, True):
            first = f"{name}, streamed" if stream else name
            for rest, reply in (await _second_turns(client, name, stream)).items():
                replies[f"{first}, {rest}"] = reply
    await server.close()
    return replies


def _is_answered(reply: Reply) -> bool:
    # A stream that breaks off has no response at its end.
    return reply.status == 200 and "output" in reply.body


async def _finished(client: Client, body: Body) -> Reply:
    reply = await client.create(body, answer_to(client, body))
    if _is_answered(reply) and reply.body["status"] not in TERMINAL:
        await client.wait(reply.id)
    return reply


async def _second_turns(client: Client, name: str, stream: bool) -> Replies:
    body: Body = {"input": "hi", "tools": [WEATHER]}
    answer = answers(client)[name]
    first = await client.create({**body, "stream": stream}, answer)
    turns = {"first": first}
    if not _is_answered(first):
        return turns
    seen: dict[str, list[Item]] = {"response": first.output}
    if stream:
        seen["events"] = first.streamed_output
    for where, output in seen.items():
        conversation = Conversation().extended("hi", first, output)
        results = [item for call in calls_of(output) for item in result_of(call)]
        new_input: Any = results or "go on"
        for how, sent in (
            (f"replayed from {where}", conversation.replay_body(new_input)),
            (f"{where}, chained", conversation.chain_body(new_input)),
        ):
            second = {**sent, "tools": [WEATHER]}
            turns[how] = await client.create(second, answer_to(client, second))
    return turns


# Response and tool parser invent them anew for each answer.
_CALL_ID = re.compile(r'(?<=\[call )[^\]]+|(?<=tool_call_id=)\S+|(?<=id": ")\w+')


def _prompts(reply: Reply) -> str:
    """The prompts of a reply, as text without the ids of calls."""
    return "\n".join(_CALL_ID.sub("<id>", prompt.text) for prompt in reply.prompts)


def _joined(prompts: str) -> str:
    return prompts.replace("<|im_end|>\n<|im_start|>assistant\n", "")
