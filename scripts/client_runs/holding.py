"""A client holds the conversation, and its prompts are compared."""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from harness.answers import chat_answer
from harness.app import ScriptedServer, ServerFactory
from harness.client import Client, Item
from harness.scripted_engine import EnginePrompt

from .conversation import TURNS, Step, answers
from .outcome import Held
from .wire import Exchange, RefusedError, recorded

TIMEOUT = 120
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


async def hold(
    factory: ServerFactory, command: Sequence[str], way: str
) -> tuple[Held, Held]:
    """Let a client hold the conversation with new servers, by id and replayed.

    By id, every turn but the first has to name the response before it, and every
    prompt has to be that of the same items sent in full, with all results and reasoning
    so far. Replayed, a prompt has to have all results.

    Args:
        command: the client's program, to which base URL, history and way are added.
        way: how the client asks: plain, streamed or helper.
    """
    by_id = await _hold(factory, command, "id", way)
    replay = await _hold(factory, command, "replay", way)
    return _held(by_id, by_id), _held(replay, by_id)


def _held(course: Course, by_id: Course) -> Held:
    pairs = list(zip(course.prompts, by_id.prompts, strict=False))
    different = [pair for pair in pairs if pair[0] != pair[1]]
    problem = course.problem
    if different and not problem:
        problem = _first_difference(*different[0])
    return Held(
        course.turns,
        len(TURNS),
        _WRITTEN_ID.sub("...", problem),
        len(course.prompts),
        len(pairs) - len(different),
    )


def _first_difference(prompt: str, by_id: str) -> str:
    lines = zip_longest(prompt.split("\n"), by_id.split("\n"), fillvalue="")
    line, other = next(pair for pair in lines if pair[0] != pair[1])
    return f"{line!r} where by id there is {other!r}"


async def _hold(
    factory: ServerFactory, command: Sequence[str], history: str, way: str
) -> Course:
    server = await factory.start()
    script = answers()
    server.engine.script = lambda _prompt: next(script, chat_answer("One too many."))
    course = Course()
    try:
        async with recorded(server) as (url, exchanges):
            saw, error = await _run([*command, url, history, way])
            try:
                await _judge(server, exchanges, saw, course, by_id=history == "id")
                if error:
                    raise EndedError("it ended in an error")
            except EndedError as ended:
                course.problem = f"{ended}; client: {error}" if error else str(ended)
    finally:
        await server.close()
    return course


async def _run(command: Sequence[str]) -> tuple[list[str], str]:
    """The answers a program saw, and the error it ended with."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    questions = "".join(f"{turn.question}\n" for turn in TURNS)
    try:
        output, errors = await asyncio.wait_for(
            process.communicate(questions.encode()), TIMEOUT
        )
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
        return [], f"did not end within {TIMEOUT} seconds"
    saw = [json.loads(line)["text"] for line in output.decode().splitlines()]
    return saw, _error(errors.decode()) if process.returncode else ""


def _error(errors: str) -> str:
    """The line of a traceback, of Python or Node, that says what went wrong."""
    lines = [line for line in errors.splitlines() if line.strip()]
    named = [
        line
        for line in lines
        if not line[0].isspace() and "Error" in line.partition(":")[0]
    ]
    return (named or lines or ["ended without a word"])[-1]


async def _judge(
    server: ScriptedServer,
    exchanges: Sequence[Exchange],
    saw: Sequence[str],
    course: Course,
    *,
    by_id: bool,
) -> None:
    """Go through what a client sent and saw, and note it in `course`.

    Raises:
        EndedError: something was not as it should be.
    """
    replayer = Replayer(Client(server))
    seen: list[Step] = []
    call_ids: list[str] = []
    remaining = iter(exchanges)
    for number, turn in enumerate(TURNS):
        for step in turn.steps:
            exchange = next(remaining, None)
            if exchange is None:
                raise EndedError("no request came")
            try:
                response = exchange.response
            except RefusedError as refused:
                raise EndedError(str(refused)) from None
            prompt = server.engine.prompts[response["id"]][0]
            course.prompts.append(_numbered(prompt.text, call_ids))
            _check_presence(prompt, seen, reasoning=by_id)
            if by_id:
                # A client that is given an id first for its second turn replays until
                # then.
                if number and not exchange.body.get("previous_response_id"):
                    raise EndedError("a request names no previous response")
                await replayer.compare(exchange, prompt)
            call_ids += [
                item["call_id"]
                for item in response["output"]
                if item["type"] == "function_call"
            ]
            seen.append(step)
        if number >= len(saw):
            raise EndedError("the client saw no answer")
        if saw[number] != turn.reply:
            raise EndedError(f"the client saw {saw[number]!r}, not {turn.reply!r}")
        course.turns += 1
    if next(remaining, None):
        raise EndedError("there was a request too many")


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

    def __init__(self, client: Client) -> None:
        self._client = client
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
            {**body, "input": items, "stream": False}, chat_answer()
        )
        if replayed.status != 200:
            raise EndedError(f"in full it is a {replayed.status}: {replayed.error}")
        response = exchange.response
        self._conversations[response["id"]] = [*items, *response["output"]]
        if list(prompt.token_ids) != list(replayed.prompt.token_ids):
            raise EndedError("chained and replayed prompt differ")
