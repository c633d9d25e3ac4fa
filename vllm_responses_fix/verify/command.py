"""`vllm-responses-fix verify`: what is printed, and the exit code."""

import json
import sys
from collections.abc import Sequence

from .checks import CHECKS, Check
from .run import (
    MOST_REQUESTS,
    MOST_TOKENS,
    Result,
    Verdict,
    hold,
    prepare,
    verdict,
)
from .server import CannotTell, Server

_MARKS = {"equal": "=", "different": "!", "unknown": "?", "skipped": "-"}
_WIDTH = max(len(check.name) for check in CHECKS)


def list_checks() -> int:
    """Print the checks and what they ask of a server at most."""
    for check in CHECKS:
        print(f"{check.name:{_WIDTH}}  {check.what}")
        print(
            f"{'':{_WIDTH}}  at most {check.requests} requests, "
            f"{check.output_tokens} generated tokens"
        )
    print(
        f"All together at most {MOST_REQUESTS} requests and "
        f"{MOST_TOKENS} generated tokens. The server keeps the responses."
    )
    return 0


def verify(
    base_url: str, model: str | None, api_key: str | None, *, as_json: bool
) -> int:
    """Verify a server, and print what was found.

    Returns:
        0 if every turn was equal by id and replayed, 1 if not, 2 if it can't be told.
    """
    progress = _Progress()
    results: list[Result] = []
    server: Server | None = None
    try:
        server = Server(base_url, api_key)
        session = prepare(server, model)
        model = session.model
        if not as_json:
            print(f"{server.base_url}, model {model}")
        for result in hold(session, progress.show):
            progress.clear()
            results.append(result)
            if not as_json:
                _print_result(result)
        conclusion = verdict(results)
    except CannotTell as error:
        conclusion = Verdict(2, str(error))
    finally:
        progress.clear()
    if as_json:
        _print_json(server, model, results, conclusion)
    else:
        if server is not None and results:
            print(
                f"\n{server.requests} requests, {server.output_tokens} generated tokens"
            )
        print(conclusion.sentence)
    return conclusion.exit_code


def _print_result(result: Result) -> None:
    turns = f"{result.equal_turns} turn{'' if result.equal_turns == 1 else 's'} equal"
    if result.difference is not None:
        turns = f"turn {result.turn} differs: {result.difference.where}"
    elif result.state == "skipped":
        turns = "not checked"
    by = f", compared by {' and '.join(result.by)}" if result.by else ""
    line = f"{_MARKS[result.state]} {result.check.name:{_WIDTH}}  {turns}{by}"
    if "usage.input_tokens" in result.by:
        line += " (weaker: only the sizes of the prompts)"
    print(line)
    indent = " " * (_WIDTH + 4)
    if result.remark:
        print(f"{indent}{result.remark}")
    if result.difference is not None:
        if result.difference.before:
            print(f"{indent}both:     {result.difference.before}")
        print(f"{indent}by id:    {result.difference.chained}")
        print(f"{indent}replayed: {result.difference.replayed}")


def _print_json(
    server: Server | None,
    model: str | None,
    results: Sequence[Result],
    conclusion: Verdict,
) -> None:
    report = {
        "base_url": server.base_url if server else None,
        "model": model,
        "requests": server.requests if server else 0,
        "output_tokens": server.output_tokens if server else 0,
        "checks": [result.to_dict() for result in results],
        "exit_code": conclusion.exit_code,
        "conclusion": conclusion.sentence,
    }
    print(json.dumps(report, indent=2, ensure_ascii=False))


class _Progress:
    """A bar on the terminal; nothing where there is none."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._done = 0

    def show(self, check: Check) -> None:
        bar = "#" * self._done + "." * (len(CHECKS) - self._done)
        self._write(f"[{bar}] {check.name} ...")
        self._done += 1

    def clear(self) -> None:
        self._write("")

    def _write(self, text: str) -> None:
        if self._shown:
            # To the start of the line, and nothing after it.
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
