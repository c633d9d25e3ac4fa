"""Holds the checks' conversations and draws the conclusion."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .checks import (
    CHECKS,
    Check,
    InconclusiveError,
    NotApplicableError,
    Session,
)
from .conversation import (
    LAST_TOKENS,
    SEVERAL_PROCESSES,
    PartedError,
    RefusedError,
    Tally,
    Turn,
)
from .prompts import By, Difference
from .server import CannotTell, Server

_HELLO = {"type": "message", "role": "user", "content": "Hello"}
_TIMES_ASKED = 8
REPORT_TO = "https://github.com/vllm-project/vllm/issues/43244"
"""Where to say that prompts differ with the kit."""

# With the hello.
MOST_REQUESTS = 1 + sum(check.requests for check in CHECKS)
MOST_TOKENS = LAST_TOKENS + sum(check.output_tokens for check in CHECKS)

State = Literal["equal", "different", "unknown", "skipped"]


@dataclass(frozen=True)
class Result:
    """What a check has shown.

    Attributes:
        check: the check.
        state: `equal`; `different`; `unknown`, if it could not be made as it is meant;
            `skipped`, if the model doesn't do what it is about.
        equal_turns: how many turns were equal.
        by: what they were compared by.
        remark: why it is unknown or skipped, or what else there is to say.
        turn: the turn that was different.
        difference: where its prompts part.
        turns: their prompts.
    """

    check: Check
    state: State
    equal_turns: int
    by: tuple[By, ...]
    remark: str = ""
    turn: int | None = None
    difference: Difference | None = None
    turns: tuple[Turn, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "check": self.check.name,
            "state": self.state,
            "equal_turns": self.equal_turns,
            "compared_by": list(self.by),
            "remark": self.remark,
            "turn": self.turn,
            "difference": self.difference.to_dict() if self.difference else None,
        }


@dataclass(frozen=True)
class Verdict:
    """What all checks come to.

    Attributes:
        exit_code: 0 all equal, 1 different, 2 it can't be told.
        sentence: what to do.
    """

    exit_code: int
    sentence: str


def prepare(server: Server, model: str | None) -> Session:
    """Find out whether anything can be verified.

    Args:
        model: the model to ask; the first the server names, if None.

    Raises:
        CannotTell: the message says what has to change.
    """
    models = server.models()
    if not models and model is None:
        raise CannotTell("The server names no model: pass one with --model.")
    session = Session(server, model or models[0])
    try:
        hello = session.conversation(Tally()).say([_HELLO], last=True)
    except RefusedError as error:
        if session.model not in models:
            raise CannotTell(
                f"The server has no model {session.model!r}: "
                f"pass one of these with --model: {', '.join(models)}."
            ) from error
        raise CannotTell(
            f"The server refuses a plain request to /v1/responses ({error}): "
            "it has to serve the Responses API."
        ) from error
    assert hello.reply is not None
    # Each time with a new connection, which may reach another process.
    known = {server.knows(hello.reply.id) for _ in range(_TIMES_ASKED)}
    if known == {True, False}:
        raise CannotTell(SEVERAL_PROCESSES)
    if known == {False}:
        raise CannotTell(
            "The server doesn't keep responses, so nothing can be chained: "
            "start it with VLLM_ENABLE_RESPONSES_API_STORE=1, or with the kit and "
            "VLLM_RESPONSES_FIX_STORE=auto."
        )
    return session


def hold(
    session: Session, starting: Callable[[Check], None] = lambda _: None
) -> Iterator[Result]:
    """Hold the conversations of all checks.

    Args:
        starting: is told of every check before it.

    Raises:
        CannotTell: the server can't be reached any more.
    """
    for check in CHECKS:
        starting(check)
        tally = Tally()
        state: State = "equal"
        found: dict[str, Any] = {}
        try:
            found["remark"] = check.hold(session, tally)
        except PartedError as parted:
            state = "different"
            found = {"turn": parted.turn, "difference": parted.difference}
            if parted.by:
                tally.by.add(parted.by)
        except InconclusiveError as error:
            state, found["remark"] = "unknown", str(error)
        except RefusedError as error:
            state, found["remark"] = "unknown", f"the server refuses it: {error}"
        except NotApplicableError as error:
            state, found["remark"] = "skipped", str(error)
        by, turns = tuple(sorted(tally.by)), tuple(tally.turns)
        yield Result(check, state, tally.equal, by, turns=turns, **found)


def verdict(results: Sequence[Result], kit: Mapping[str, Any] | None) -> Verdict:
    """Draw the conclusion.

    Args:
        results: of all checks.
        kit: what the kit says it did in the server; None if it is not there.
    """
    different = [r.check.name for r in results if r.state == "different"]
    if different:
        return Verdict(
            1,
            f"Different by id and replayed: {', '.join(different)}. {_cure(kit)}",
        )
    unknown = [r for r in results if r.state == "unknown"]
    if unknown:
        return Verdict(
            2,
            f"Cannot tell: {unknown[0].check.name}: {unknown[0].remark}. Verify with "
            "a model, and options of the server, with which that works.",
        )
    weak = any("usage.input_tokens" in r.by for r in results)
    return Verdict(
        0,
        "All turns are equal by id and replayed"
        + (
            ", as far as the sizes of the prompts tell; to compare the prompts "
            "themselves, pass the address of vLLM, not of a proxy."
            if weak
            else ": there is nothing to do."
        ),
    )


def _cure(kit: Mapping[str, Any] | None) -> str:
    """What to do about prompts that differ."""
    if kit is None:
        return (
            "The server does not have vllm-responses-fix: install it in the server's "
            "Python and start it again. If it is installed there, VLLM_PLUGINS leaves "
            "it out: add responses_fix to it."
        )
    if kit["state"] == "off":
        return f"vllm-responses-fix is off there: {kit['reason']}."
    refused = [p for p in kit["patches"] if p["state"] == "refused"]
    if refused:
        reasons = "; ".join(f"{p['name']}: {p['reason']}" for p in refused)
        return (
            f"vllm-responses-fix could not put in all that vLLM {kit['vllm']} needs: "
            f"{reasons}. Report this: {REPORT_TO}"
        )
    off = [p["name"] for p in kit["patches"] if p["state"] == "off"]
    if off:
        return f"These patches are switched off there: {', '.join(off)}."
    return (
        f"vllm-responses-fix is active there, with all that vLLM {kit['vllm']} needs. "
        f"Report this: {REPORT_TO}"
    )
