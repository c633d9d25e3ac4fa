"""What `/metrics` says of the store."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from ..metrics import registered

_PREFIX = "vllm:responses_fix_store_"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


@dataclass(frozen=True)
class StoreMetrics:
    """The metrics of one server process.

    With several processes, vLLM adds up their counters, whichever of them answers.

    Attributes:
        stored: responses that were put into the store, finished.
        loaded: responses and conversations that were read from it.
        cache_hits: conversations that were continued from this process's memory.
        evicted, expired: responses that this process removed from it.
        given_up: responses that could not be stored.
        bytes: of all records in it, brought up to date every minute at most.
        call_seconds: how long its calls take, by `call`.
    """

    stored: Counter
    loaded: Counter
    cache_hits: Counter
    evicted: Counter
    expired: Counter
    given_up: Counter
    bytes: Gauge
    call_seconds: Histogram


def register(*, shared: bool) -> StoreMetrics:
    """The metrics of this process; to be called when it has its engine.

    Args:
        shared: whether all processes have the same records in their store.
    """
    made: dict[str, Callable[[str, str], Any]] = {
        "bytes": lambda name, what: Gauge(
            name,
            what,
            multiprocess_mode="livemostrecent" if shared else "livesum",
        ),
        "call_seconds": lambda name, what: Histogram(
            name, what, labelnames=["call"], buckets=_SECONDS
        ),
    }
    return StoreMetrics(
        **{
            each.name: registered(_PREFIX + each.name)
            or made.get(each.name, Counter)(_PREFIX + each.name, _WHAT[each.name])
            for each in fields(StoreMetrics)
        }
    )


_WHAT = {
    "stored": "Responses that were stored.",
    "loaded": "Stored responses that were read, with their conversation or without.",
    "cache_hits": "Conversations that were continued from a process's memory.",
    "evicted": "Stored responses that were removed for the limit of bytes.",
    "expired": "Stored responses that were removed because nobody used them for long.",
    "given_up": "Responses that could not be stored.",
    "bytes": "Bytes of all stored responses.",
    "call_seconds": "Time of a call of the store, in seconds.",
}
