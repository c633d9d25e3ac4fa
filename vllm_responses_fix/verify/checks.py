"""The conversations that are held with the server."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .conversation import (
    CONTINUED_TOKENS,
    LAST_TOKENS,
    Conversation,
    RefusedError,
    Tally,
)
from .server import Item, Server

WEATHER_TOOL: Item = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
    "strict": False,
}
_WEATHER = '{"temperature": "7C", "condition": "sleet"}'
# In the order in which agents use them. Harmony takes only the first.
_TOOL_CHOICES: tuple[Any, ...] = (
    "auto",
    "required",
    {"type": "function", "name": WEATHER_TOOL["name"]},
)


class InconclusiveError(Exception):
    """The check could not be made as it is meant; the message says why."""


class NotApplicableError(Exception):
    """The model doesn't do what the check is about; the message says what."""


@dataclass
class Session:
    """What the checks of one run share.

    Attributes:
        server: the server.
        model: the model asked.
        tool_choices: those that may make this model call, first the one that did.
    """

    server: Server
    model: str
    tool_choices: list[Any] = field(default_factory=lambda: list(_TOOL_CHOICES))

    def conversation(self, tally: Tally, **params: Any) -> Conversation:
        common = {"model": self.model, "temperature": 0}
        return Conversation(self.server, {**common, **params}, tally)


Hold = Callable[[Session, Tally], str]


@dataclass(frozen=True)
class Check:
    """A conversation to hold.

    Attributes:
        name: as in the report.
        what: what it shows.
        hold: holds it. Returns a remark on what was not as meant, or "".
        continued, last: how many requests it makes at most whose answers matter,
            and whose answers don't.
    """

    name: str
    what: str
    hold: Hold
    continued: int
    last: int

    @property
    def requests(self) -> int:
        """The most requests it makes."""
        return self.continued + self.last

    @property
    def output_tokens(self) -> int:
        """The most tokens it has generated."""
        return self.continued * CONTINUED_TOKENS + self.last * LAST_TOKENS


def _text(session: Session, tally: Tally) -> str:
    talk = session.conversation(tally)
    talk = talk.say([_user("My name is Ada. What is yours?")])
    talk = talk.say([_user("Name a river.")])
    talk.say([_user("What is my name?")], last=True)
    return ""


def _system_item(session: Session, tally: Tally) -> str:
    talk = session.conversation(tally)
    rule = {"type": "message", "role": "system", "content": "You are a lighthouse."}
    talk = talk.say([rule, _user("Who are you?")])
    talk.say([_user("Since when?")], last=True)
    return ""


def _instructions(session: Session, tally: Tally) -> str:
    question, english = [_user("Name a fruit.")], "Answer in English."
    # Harmony has a place for instructions beside tools only.
    talk = session.conversation(tally, tools=[WEATHER_TOOL])
    try:
        talk = talk.say(question, instructions=english)
    except RefusedError:
        talk = session.conversation(tally).say(question, instructions=english)
    talk = talk.say([_user("And a tree.")], instructions="Answer in French.")
    talk.say([_user("And a bird.")], last=True)
    return ""


def _branch(session: Session, tally: Tally) -> str:
    parent = session.conversation(tally).say([_user("Name a colour.")])
    child = parent.say([_user("A darker one.")], instructions="Be brief.")
    parent.say([_user("A lighter one.")], last=True)
    child.say([_user("Darker still.")], last=True)
    return ""


def _reasoning(session: Session, tally: Tally) -> str:
    talk = session.conversation(tally).say([_user("Which is larger, 9.9 or 9.11?")])
    if talk.reply is None or not talk.reply.has_reasoning:
        raise NotApplicableError("the model gave no reasoning")
    talk.say([_user("By how much?")], last=True)
    return ""


def _tool_call(session: Session, tally: Tally) -> str:
    return _call_and_result(session, tally)


def _stream(session: Session, tally: Tally) -> str:
    return _call_and_result(session, tally, stream=True)


def _call_and_result(session: Session, tally: Tally, **params: Any) -> str:
    talk = _asked(session, tally, "What is the weather in Oslo?", ["Oslo"], **params)
    called = bool(talk.calls)
    talk = talk.say(_results(talk.calls) or [_user("Is that cold?")])
    talk.say([_user("What did you find, and how?")], last=True)
    return _concluded(called)


def _parallel_calls(session: Session, tally: Tally) -> str:
    cities = ["Oslo", "Lima"]
    question = "What is the weather in Oslo, and in Lima? Look up both at once."
    talk = _asked(session, tally, question, cities)
    results = _results(talk.calls)
    if len(results) == 1:
        # What opens an input on the assistant's side belongs to its last message.
        call = _call(cities[1])
        talk.say([call, *results, *_results([call])], last=True)
        return "the model made one call; the client's input brought the second"
    talk.say(results or [_user("Which is colder?")], last=True)
    return _concluded(bool(results))


def _asked(
    session: Session, tally: Tally, question: str, cities: Sequence[str], **params: Any
) -> Conversation:
    """The first turn of a conversation with calls.

    Without one by the model, the turn's input has the calls and their results.
    """
    params["tools"] = [WEATHER_TOOL]
    start = session.conversation(tally, **params)
    # Of the following requests, and not to force any more calls.
    follow_up = "auto"
    for choice in list(session.tool_choices):
        try:
            talk = start.say([_user(question)], tool_choice=choice)
        except RefusedError:
            if choice == "auto":
                follow_up = "none"
            continue
        if talk.calls:
            session.tool_choices.remove(choice)
            session.tool_choices.insert(0, choice)
            return replace(talk, params={**start.params, "tool_choice": follow_up})
    start = replace(start, params={**start.params, "tool_choice": follow_up})
    calls = [_call(city) for city in cities]
    return start.say([_user(question), *calls, *_results(calls)])


def _concluded(called: bool) -> str:
    if not called:
        raise InconclusiveError(
            "the model called no tool: only calls in the client's input were checked"
        )
    return ""


def _user(text: str) -> Item:
    return {"type": "message", "role": "user", "content": text}


def _call(city: str) -> Item:
    return {
        "type": "function_call",
        "call_id": f"call_{city.lower()}",
        "name": WEATHER_TOOL["name"],
        "arguments": json.dumps({"city": city}),
    }


def _results(calls: Sequence[Item]) -> list[Item]:
    return [
        {
            "type": "function_call_output",
            "call_id": call["call_id"],
            "output": _WEATHER,
        }
        for call in calls
    ]


# A forced call is tried in as many ways as there are choices, then the client's.
_FIRST_OF_CALLS = len(_TOOL_CHOICES) + 1

CHECKS = (
    Check("text", "questions and answers", _text, continued=2, last=3),
    Check(
        "tool-call",
        "a call by the model, its result, and a question about it",
        _tool_call,
        continued=_FIRST_OF_CALLS + 1,
        last=3,
    ),
    Check(
        "parallel-calls",
        "two calls in one turn, and their results",
        _parallel_calls,
        continued=_FIRST_OF_CALLS,
        last=2,
    ),
    Check(
        "reasoning",
        "what the model thought, if it does",
        _reasoning,
        continued=1,
        last=2,
    ),
    Check(
        "instructions",
        "instructions that change from turn to turn",
        _instructions,
        continued=3,
        last=3,
    ),
    Check(
        "system-item",
        "a system message in the first input",
        _system_item,
        continued=1,
        last=2,
    ),
    Check(
        "branch",
        "two answers to one response, one of them continued",
        _branch,
        continued=2,
        last=5,
    ),
    Check(
        "stream",
        "a call, its result and a question, all streamed",
        _stream,
        continued=_FIRST_OF_CALLS + 1,
        last=3,
    ),
)
