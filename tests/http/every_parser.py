"""Every tool parser and reasoning parser of vLLM, streamed in deltas of all sizes.

Sizes other than one token are what an engine hands over with speculative decoding, or
when the server is busy.
"""

import json
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from agreement import contents, go_on
from harness.app import ServerFactory
from harness.client import Client, Item
from harness.scripted_engine import Answer
from parser_formats import CALLS, CALLS_OF, REASONING, REASONING_OF
from tool_conversation import WEATHER_TOOL, calls_of
from vllm.reasoning import ReasoningParserManager
from vllm.tool_parsers import ToolParserManager

DELTA_SIZES = (1, 2, 7, 1000)
# Some models think only if they are told to.
BODY = {
    "input": "hi",
    "tools": [WEATHER_TOOL],
    "reasoning": {"effort": "high"},
    "chat_template_kwargs": {"thinking": True},
}
Contents = list[tuple[str, str, str]]
_OSLO, _LIMA = ("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Lima"})
_OTHER_TOOLS, _OTHER_REASONING = "hermes", "deepseek_r1"
# Their reasoning parsers look for tokens of their own vocabulary, by number or by name.
_ON_THEIR_OWN = {"hunyuan_a13b", "olmo3"}


@dataclass
class Swept:
    """What came of one pair of parsers.

    Attributes:
        starts: why a server with them does not start.
        call_format: how calls are written that the tool parser reads, if it reads one.
        reasoning_format: the same of reasoning.
        errors: by the name of the answer: what comes in its place, not streamed or in
            a stream that breaks off.
        differences: by name: the smallest delta size with which it is streamed
            otherwise than not streamed, and both.
        disagreements: by name and size: where events, response, store and the next
            prompt part.
    """

    starts: str = ""
    call_format: str | None = None
    reasoning_format: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    differences: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    disagreements: dict[str, str] = field(default_factory=dict)


def pairs() -> Iterator[tuple[str, str]]:
    """Tool parsers, each with the reasoning parser of its model, and the others."""
    tools = set(ToolParserManager.list_registered())
    reasoning = set(ReasoningParserManager.list_registered())
    together = tools & reasoning - _ON_THEIR_OWN
    yield from ((name, name) for name in sorted(together))
    yield from ((name, _OTHER_REASONING) for name in sorted(tools - together))
    others = reasoning - together - {_OTHER_REASONING}
    yield from ((_OTHER_TOOLS, name) for name in sorted(others))


async def sweep(
    factory: ServerFactory, tool_parser: str, reasoning_parser: str
) -> Swept:
    """Answers of every kind, in deltas of every size, streamed and not."""
    found = Swept()
    try:
        server = await factory.with_parsers(tool_parser, reasoning_parser).start()
    except Exception as error:
        found.starts = str(error)
        return found
    client = Client(server)
    names = _known(REASONING_OF, reasoning_parser) or [*REASONING]
    found.reasoning_format = await _reasoning_format(client, names)
    begin, end = REASONING[found.reasoning_format or names[0]]
    names = _known(CALLS_OF, tool_parser) or [*CALLS]
    found.call_format = await _call_format(client, names, f"{begin}why{end}")
    calls = CALLS[found.call_format or names[0]]
    for name, answer in _answers(calls, begin, end).items():
        await _sweep_answer(client, name, answer, found)
    await server.close()
    return found


async def _sweep_answer(
    client: Client, name: str, answer: Answer, found: Swept
) -> None:
    unstreamed = await client.create(BODY, answer)
    if unstreamed.status != 200:
        found.errors[name] = unstreamed.error
        return
    plain = contents(unstreamed.output)
    seen: list[Contents] = []
    for size in DELTA_SIZES:
        sized = Answer(answer.content, answer.truncated, delta_sizes=(size,))
        reply = await client.stream(BODY, sized)
        if "output" not in reply.body:
            found.errors[name] = f"breaks off: {reply.body}"
            return
        shown = contents(reply.output)
        if not _are_alike(shown, plain, answer) and name not in found.differences:
            found.differences[name] = (size, repr(shown), repr(plain))
        try:
            assert reply.streamed_output == reply.output
            if shown not in seen:
                await go_on(client, BODY, reply)
        except AssertionError:
            failed = traceback.format_exc(limit=-1)
            found.disagreements[f"{name}, {size}"] = failed
        seen.append(shown)


def _are_alike(shown: Contents, plain: Contents, answer: Answer) -> bool:
    """Whether a stream has what the same answer is when it is not streamed.

    A call that was cut short is a call in a stream. Not streamed it is one with other
    arguments, text, or nothing.
    """
    if not (answer.truncated and shown and shown[-1][0] == "function_call"):
        return shown == plain
    before = shown[:-1]
    return len(before) <= len(plain) <= len(shown) and all(
        item[:2] == other[:2] and other[2].startswith(item[2])
        for item, other in zip(before, plain, strict=False)
    )


def _known(formats: dict[str, str], parser: str) -> list[str]:
    return [formats[parser]] if parser in formats else []


async def _reasoning_format(client: Client, names: list[str]) -> str | None:
    wanted = [("reasoning", "", "why"), ("message", "", "ok")]
    for name in names:
        begin, end = REASONING[name]
        reply = await client.create(BODY, Answer(f"{begin}why{end}ok"))
        if reply.status == 200 and contents(reply.output) == wanted:
            return name
    return None


async def _call_format(client: Client, names: list[str], reasoning: str) -> str | None:
    for name in names:
        reply = await client.create(BODY, Answer(reasoning + CALLS[name](_OSLO)))
        if reply.status == 200 and _calls(reply.output) == [_OSLO]:
            return name
    return None


def _calls(output: list[Item]) -> list[tuple[str, object]]:
    return [(call["name"], _json(call["arguments"])) for call in calls_of(output)]


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _answers(write: Callable[..., str], begin: str, end: str) -> dict[str, Answer]:
    thought = f"{begin}why{end}"
    call = write(_OSLO)
    cut = call.partition("slo")[0]
    return {
        "text": Answer(f"{thought}ok"),
        "reasoning with lines": Answer(f"{begin}\nwhy\n{end}\n\nok"),
        "call": Answer(thought + call),
        "call after white space": Answer(f"{begin}why\n{end}\n\n{call}"),
        "text and calls": Answer(f"{thought}ok{write(_OSLO, _LIMA)}"),
        "truncated text": Answer(f"{thought}ok", truncated=True),
        "truncated reasoning": Answer(f"{begin}why", truncated=True),
        "truncated call": Answer(f"{thought}{cut}", truncated=True),
    }
