"""`vllm-responses-fix verify`: what is printed, and the exit code."""

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

from .checks import CHECKS, Check
from .page import Page
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
_INDENT = " " * 4


def list_checks() -> int:
    """Print the checks and what they ask of a server at most."""
    for check in CHECKS:
        print(f"{check.name:{_WIDTH}}  {check.what}")
        print(
            f"{'':{_WIDTH}}  at most {check.requests} requests, "
            f"{check.output_tokens} generated tokens"
        )
    _print(
        f"All together at most {MOST_REQUESTS} requests and {MOST_TOKENS} generated "
        "tokens. What the server has stored of them is deleted, if the server can."
    )
    return 0


def verify(
    base_url: str,
    model: str | None,
    api_key: str | None,
    *,
    as_json: bool,
    page: Path | None = None,
) -> int:
    """Verify a server, and print what was found.

    Args:
        page: a file to write as HTML, too.

    Returns:
        0 if every turn was equal by id and replayed, 1 if not, 2 if it can't be told.
    """
    progress = _Progress()
    results: list[Result] = []
    effort: list[str] = []
    server: Server | None = None
    try:
        # Now, rather than after some minutes.
        _check_writable(page)
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
        conclusion = verdict(results, server.kit())
    except CannotTell as error:
        conclusion = Verdict(2, str(error))
    finally:
        progress.clear()
        if server is not None and server.requests:
            effort = [_requests(server), _deleted(server)]
    if page is not None and server is not None:
        content = Page(server.base_url, model or "", effort, results, conclusion)
        page.write_text(content.html(), "utf-8")
    if as_json:
        _print_json(server, model, results, conclusion)
        return conclusion.exit_code
    if results:
        print()
        _print(" ".join(effort))
    _print(conclusion.sentence)
    if page is not None and server is not None:
        print(f"Written: {page}")
    return conclusion.exit_code


def _check_writable(page: Path | None) -> None:
    if page is None:
        return
    try:
        page.touch()
    except OSError as error:
        raise CannotTell(
            f"{page} can't be written ({error.strerror}): name another file for --html."
        ) from error


def _requests(server: Server) -> str:
    return f"{server.requests} requests, {server.output_tokens} generated tokens."


def _deleted(server: Server) -> str:
    """Delete what the server has stored; returns what became of it."""
    number = len(server.stored)
    try:
        if server.delete_stored():
            return f"The {number} responses that were stored are deleted."
    except CannotTell:
        pass
    kept = len(server.stored)
    return f"The server keeps {kept} stored responses: it can't delete them."


def _print_result(result: Result) -> None:
    turns = f"{result.equal_turns} turn{'' if result.equal_turns == 1 else 's'} equal"
    if result.difference is not None:
        turns = f"turn {result.turn} differs: {result.difference.where}"
    elif result.state == "skipped":
        turns = "not checked"
    by = f", by {' and '.join(result.by)}" if result.by else ""
    line = f"{_MARKS[result.state]} {result.check.name:{_WIDTH}}  {turns}{by}"
    if "usage.input_tokens" in result.by:
        line += " (weaker: only the sizes of the prompts)"
    _print(line)
    if result.remark:
        _print(result.remark, _INDENT)
    if result.difference is not None:
        if result.difference.before:
            _print(f"both:     {result.difference.before}", _INDENT)
        _print(f"by id:    {result.difference.chained}", _INDENT)
        _print(f"replayed: {result.difference.replayed}", _INDENT)


def _print(text: str, indent: str = "") -> None:
    """Print a paragraph, no wider than the terminal is."""
    print(
        fill(
            text,
            min(shutil.get_terminal_size().columns, 100),
            initial_indent=indent,
            subsequent_indent=f"{indent}  " if indent else "",
            break_on_hyphens=False,
        )
    )


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
        "responses_kept": len(server.stored) if server else 0,
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
