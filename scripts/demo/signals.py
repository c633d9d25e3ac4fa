"""Signals that end a script end the servers it has started."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class EndedBySignal(BaseException):
    """A signal to end this process has arrived."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Make an exception of Ctrl-C, SIGTERM and SIGHUP, so that `with` blocks end.

    Then say so, and exit with the status that a shell has for the signal.

    Raises:
        SystemExit: there was a signal.
    """
    before = {number: signal.signal(number, _raise) for number in _SIGNALS}
    try:
        yield
    except EndedBySignal as ended:
        name = signal.Signals(ended.number).name
        print(f"Ended by {name}; nothing is left running.", file=sys.stderr)
        sys.exit(128 + ended.number)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _raise(number: int, frame: object) -> None:
    raise EndedBySignal(number)
