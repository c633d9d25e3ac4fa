"""A client holds the conversation, and its prompts are compared."""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from harness.app import ScriptedServer, ServerFactory
from harness.client import Client, Item
from harness.scripted_engine import Answer, EnginePrompt

from .conversation import Step
from .libraries import Library
from .models import Model
from .outcome import Held
from .wire import Exchange, RefusedError, recorded

TIMEOUT = 300
# Another one each time.
_WRITTEN_ID = re.compile(r"\b(?:[a-z]+[_-])*[0-9a-f]{16,}\b")


class EndedError(Exception):
    """A conversation went no further; the message says why."""


@dataclass
class Course:
    """What came of a conversation.

    Attributes:
        turns: those that went well.
        problem: what ended them; empty if nothing did.
        prompts: what was put before the model, request after request, with the ids of
            calls replaced by their numbers.
    """

    turns: int = 0
    problem: str = ""
    prompts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Holder:
    """Lets a client hold the conversation, each time with a new server.

    Attributes:
        factory: of servers of `model`.
        model: what is scripted.
        library: the client.
        command: its program, to which base URL, history and way are added.
    """

    factory: ServerFactory
    model: Model
    library: Library
    command: Sequence[str]

    async def hold(self, way: str) -> tuple[Held | None, Held]:
        """By id, if the client can, and replayed.

        By id, every turn but the first has to name the response before it, and every
        prompt has to be that of the same items sent in full, with all results and
        reasoning so far. Replayed, a prompt has to have all results. A client that
        never continues by id has each of its requests sent by id beside it.

        Args:
            way: how the client asks: plain, streamed or helper.
        """
        if not self.library.chains:
            beside = Course()
            replay = await self._course("replay", way, beside)
            return None, self._held(replay, beside)
        # Most of the time goes into the start of the programs.
        by_id, replay = await asyncio.gather(
            self._course("id", way), self._course("replay", way)
        )
        return self._held(by_id, by_id), self._held(replay, by_id)

    def _held(self, course: Course, by_id: Course) -> Held:
        pairs = list(zip(course.prompts, by_id.prompts, strict=False))
        different = [pair for pair in pairs if pair[0] != pair[1]]
        problem = course.problem
        if different and not problem:
            problem = _first_difference(*different[0])
        return Held(
            course.turns,
            len(self.model.turns),
            _WRITTEN_ID.sub("...", problem),
            len(course.prompts),
            len(pairs) - len(different),
        )

    async def _course(
        self, history: str, way: str, beside: Course | None = None
    ) -> Course:
        server = await self.factory.start()
        steps = (step for turn in self.model.turns for step in turn.steps)
        one_too_many = Step("One too many.")
        server.engine.script = lambda _prompt: self._answer(next(steps, one_too_many))
        course = Course()
        questions = "".join(f"{turn.question}\n" for turn in self.model.turns)
        try:
            async with recorded(server) as (url, exchanges):
                output, error = await run_program(
                    [*self.command, url, history, way], questions
                )
                saw = [json.loads(line)["text"] for line in output.splitlines()]
                judge = _Judge(self, server, history == "id", course, beside)
                try:
                    await judge.go_through(exchanges, saw)
                    if error:
                        raise EndedError("it ended in an error")
                except EndedError as ended:
                    course.problem = (
                        f"{ended}; client: {error}" if error else str(ended)
                    )
        finally:
            await server.close()
        return course

    def _answer(self, step: Step) -> Answer:
        return self.model.answer(step, self.library.call_for)


def _first_difference(prompt: str, by_id: str) -> str:
    lines = zip_longest(prompt.split("\n"), by_id.split("\n"), fillvalue="")
    line, other = next(pair for pair in lines if pair[0] != pair[1])
    return f"{line!r} where by id there is {other!r}"


async def run_program(command: Sequence[str], text: str) -> tuple[str, str]:
    """What a program printed that was given `text`, and the error it ended with."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await asyncio.wait_for(
            process.communicate(text.encode()), TIMEOUT
        )
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
        return "", f"did not end within {TIMEOUT} seconds"
    return output.decode(), _error(errors.decode()) if process.returncode else ""


def _error(errors: str) -> str:
    """The line of a traceback, of Python or Node, that says what went wrong."""
    lines = [line for line in errors.splitlines() if line.strip()]
    named = [
        line
        for line in lines
        if not line[0].isspace() and "Error" in line.partition(":")[0]
    ]
    return (named or lines or ["ended without a word"])[-1]


class _Judge:
    """Goes through what a client sent and saw, and notes it in its course."""

    def __init__(
        self,
        holder: Holder,
        server: ScriptedServer,
        by_id: bool,
        course: Course,
        beside: Course | None,
    ) -> None:
        self._holder = holder
        self._server = server
        self._by_id = by_id
        self._course = course
        self._beside = beside
        self._call_ids: list[str] = []
        self._seen: list[Step] = []
        client = Client(server)
        self._replayer = Replayer(client, holder._answer(Step("In full.")))
        self._chainer = Chainer(client)

    async def go_through(
        self, exchanges: Sequence[Exchange], saw: Sequence[str]
    ) -> None:
        """Note how far it went well.

        Raises:
            EndedError: something was not as it should be.
        """
        remaining = iter(exchanges)
        for number, turn in enumerate(self._holder.model.turns):
            for step in turn.steps:
                exchange = next(remaining, None)
                if exchange is None:
                    raise EndedError("no request came")
                # A client that is given an id first for its second turn replays until
                # then.
                if (
                    self._by_id
                    and number
                    and not exchange.body.get("previous_response_id")
                ):
                    raise EndedError("a request names no previous response")
                await self._step(exchange, step)
            if number >= len(saw):
                raise EndedError("the client saw no answer")
            if saw[number] != turn.reply:
                raise EndedError(f"the client saw {saw[number]!r}, not {turn.reply!r}")
            self._course.turns += 1
        if next(remaining, None):
            raise EndedError("there was a request too many")

    async def _step(self, exchange: Exchange, step: Step) -> None:
        try:
            response = exchange.response
        except RefusedError as refused:
            raise EndedError(str(refused)) from None
        prompt = self._server.engine.prompts[response["id"]][0]
        self._course.prompts.append(_numbered(prompt.text, self._call_ids))
        keeps_reasoning = self._by_id and self._holder.model.keeps_reasoning
        _check_presence(prompt, self._seen, reasoning=keeps_reasoning)
        if self._by_id:
            await self._replayer.compare(exchange, prompt)
        if self._beside is not None:
            chained = await self._chainer.send(exchange, self._holder._answer(step))
            self._beside.prompts.append(chained)
        self._call_ids += call_ids_of(response["output"])
        self._seen.append(step)


def _numbered(text: str, call_ids: Sequence[str]) -> str:
    for number, call_id in enumerate(call_ids):
        text = text.replace(call_id, f"call-{number}")
    return text


def _check_presence(
    prompt: EnginePrompt, seen: Sequence[Step], *, reasoning: bool
) -> None:
    """What the model did before, and was told, has to be in its prompt."""
    for step in seen:
        for result in step.results:
            if result not in prompt.text:
                raise EndedError(f"the result {result!r} is not in the prompt")
        if reasoning and step.reasoning not in prompt.text:
            raise EndedError(f"the reasoning {step.reasoning!r} is not in the prompt")


class Replayer:
    """Sends conversations that were chained in full."""

    def __init__(self, client: Client, answer: Answer) -> None:
        self._client = client
        self._answer = answer
        self._conversations: dict[str, list[Item]] = {}

    async def compare(self, exchange: Exchange, prompt: EnginePrompt) -> None:
        """Send what a request and those before it had, and compare the token ids.

        Raises:
            EndedError: they are different.
        """
        body = dict(exchange.body)
        before = self._conversations.get(body.pop("previous_response_id", None), [])
        items = [*before, *exchange.new_items]
        replayed = await self._client.create(
            {**body, "input": items, "stream": False}, self._answer
        )
        if replayed.status != 200:
            raise EndedError(f"in full it is a {replayed.status}: {replayed.error}")
        response = exchange.response
        self._conversations[response["id"]] = [*items, *response["output"]]
        if list(prompt.token_ids) != list(replayed.prompt.token_ids):
            raise EndedError("chained and replayed prompt differ")


class Chainer:
    """Sends a conversation that was replayed by id."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._sent = 0
        self._last: str | None = None
        # Those of the replayed one, and of the same calls here.
        self._call_ids: dict[str, str] = {}

    async def send(self, exchange: Exchange, answer: Answer) -> str:
        """Send what a request has more than the one before it.

        Args:
            answer: what the model generated for the request.

        Returns:
            The text of the prompt, with the ids of calls replaced by their numbers.

        Raises:
            EndedError: it was refused.
        """
        items = exchange.new_items[self._sent :]
        new_items = [
            {**item, "call_id": self._call_ids[item["call_id"]]}
            if "call_id" in item
            else item
            for item in items
        ]
        body = {
            **exchange.body,
            "input": new_items,
            "previous_response_id": self._last,
            "store": True,
            "stream": False,
        }
        reply = await self._client.create(body, answer)
        if reply.status != 200:
            raise EndedError(f"by id it is a {reply.status}: {reply.error}")
        text = _numbered(reply.prompt.text, list(self._call_ids.values()))
        replayed = exchange.response["output"]
        self._sent = len(exchange.new_items) + len(replayed)
        self._last = reply.id
        self._call_ids |= zip(
            call_ids_of(replayed), call_ids_of(reply.output), strict=True
        )
        return text


def call_ids_of(output: Sequence[Item]) -> list[str]:
    return [item["call_id"] for item in output if item["type"] == "function_call"]
