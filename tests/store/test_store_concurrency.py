"""Many threads at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from backends import Place, ids, record

from vllm_responses_fix.store.protocol import NotStored, Store

T = TypeVar("T")


def at_once(calls: list[Callable[[], T]]) -> list[T]:
    """What calls return that all begin together."""
    barrier = threading.Barrier(len(calls))

    def wait_and(call: Callable[[], T]) -> T:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(wait_and, c) for c in calls]]


def converse(store: Store, name: str, turns: int) -> list[str]:
    parent = None
    for turn in range(turns):
        assert store.put_new(record(f"{name} {turn}", parent))
        if parent is not None:
            assert len(store.chain(parent, "")) == turn
        parent = f"{name} {turn}"
    assert parent is not None
    return ids(store.chain(parent, ""))


def test_a_hundred_writers(place: Place) -> None:
    store = place.open()
    chains = at_once(
        [partial(converse, store, f"conversation {n}", 5) for n in range(100)]
    )
    for number, chain in enumerate(chains):
        assert chain == [f"conversation {number} {turn}" for turn in range(5)]
    usage = store.usage()
    assert (usage.conversations, usage.records) == (100, 500)


def test_one_id_is_new_once(place: Place) -> None:
    stores = [place.open() for _ in range(3)] if place.shared else [place.open()]
    for attempt in range(20):
        id = f"id {attempt}"
        bodies = [str(number).encode() for number in range(12)]
        new = [record(id, body=body) for body in bodies]
        put_new = [stores[n % len(stores)].put_new for n in range(len(new))]
        won = at_once([partial(*call) for call in zip(put_new, new, strict=True)])
        assert sum(won) == 1
        body = stores[0].get(id, "").body
        assert body == bodies[won.index(True)]
    assert stores[0].usage().conversations == 20


def test_a_hundred_branches(place: Place) -> None:
    store = place.open()
    store.put(record("a"))
    at_once([partial(store.put, record(f"b{n}", "a")) for n in range(100)])
    for number in range(100):
        assert ids(store.chain(f"b{number}", "")) == ["a", f"b{number}"]
    assert store.usage().bytes == record("a").size + sum(
        record(f"b{n}").size for n in range(100)
    )


def test_what_is_evicted_meanwhile_is_whole_or_gone(place: Place) -> None:
    """Writers over a limit: a chain is read in full, or said to be evicted."""
    store = place.open(max_bytes=40 * 1536)

    def converse_on(name: str) -> int:
        parent, whole = None, 0
        for turn in range(20):
            place.clock.now += 61
            try:
                store.put(record(f"{name} {turn}", parent, body=b"x" * 1024))
                parent = f"{name} {turn}"
                chain = store.chain(parent, "")
                whole += 1
            except NotStored as error:
                assert error.reason == "evicted"
                parent = None
                continue
            assert chain[0].parent is None
            assert [each.parent for each in chain[1:]] == ids(chain)[:-1]
        return whole

    whole = at_once([partial(converse_on, f"c{n}") for n in range(8)])
    assert sum(whole) > 20
    store.sweep()
    assert store.usage().bytes <= 40 * 1536
