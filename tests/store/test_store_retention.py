"""What stays: conversations by their last use, and whatever is in progress."""

import pytest
from backends import DAY, Place, ids, reason, record

from vllm_responses_fix.store import protocol
from vllm_responses_fix.store.protocol import ABANDONED, Store

KIB = b"x" * 1024


def fill(store: Store, place: Place, number: int, name: str = "r") -> list[str]:
    """Conversations of two responses, each a little later than the one before."""
    for each in range(number):
        place.clock.now += 100
        store.put(record(f"{name}{each}", body=KIB))
        store.put(record(f"{name}{each} next", f"{name}{each}", body=KIB))
    return [f"{name}{each} next" for each in range(number)]


def stored(store: Store, names: list[str]) -> list[bool]:
    """Which of them are there, without using them."""
    left = []
    for name in names:
        try:
            store.get(name, "")
            left.append(True)
        except protocol.NotStored:
            left.append(False)
    return left


def test_an_unused_conversation_expires(place: Place) -> None:
    store = place.open(ttl=30 * DAY)
    store.put(record("a"))
    store.put(record("b", "a"))
    place.clock.now += 29 * DAY
    assert ids(store.chain("a", "")) == ["a"]
    place.clock.now += 29 * DAY
    assert ids(store.chain("b", "")) == ["a", "b"]
    place.clock.now += 31 * DAY
    assert reason(store, "a") == reason(store, "b") == "expired"
    store.sweep()
    assert reason(store, "a") == reason(store, "b") == "expired"
    usage = store.usage()
    assert (usage.records, usage.bytes) == (0, 0)
    assert store.removed == {"evicted": 0, "expired": 2}


def test_a_new_turn_is_a_use(place: Place) -> None:
    store = place.open(ttl=DAY)
    store.put(record("0"))
    for turn in range(1, 5):
        place.clock.now += 0.9 * DAY
        store.put(record(str(turn), str(turn - 1)))
    assert ids(store.chain("4", "")) == list("01234")


def test_an_expired_parent(place: Place) -> None:
    store = place.open(ttl=DAY)
    store.put(record("a"))
    place.clock.now += 2 * DAY
    with pytest.raises(protocol.NotStored) as error:
        store.put(record("b", "a"))
    assert (error.value.id, error.value.reason) == ("a", "expired")
    assert store.put_new(record("a"))


def test_the_longest_unused_is_evicted(place: Place) -> None:
    limit = 20 * record("", body=KIB).size
    store = place.open(max_bytes=limit)
    names = fill(store, place, 10)
    place.clock.now += 100
    store.head(names[0], "")
    names += fill(store, place, 3, "s")
    assert stored(store, names) == [True] + 3 * [False] + 9 * [True]
    assert reason(store, names[1]) == reason(store, "r1") == "evicted"
    assert store.removed == {"evicted": 6, "expired": 0}
    assert store.usage().bytes <= limit


def test_a_limit_holds_whatever_is_put(place: Place) -> None:
    limit = 100 * record("", body=KIB).size
    store = place.open(max_bytes=limit)
    for _ in range(3):
        fill(store, place, 100)
        store.sweep()
        assert limit * 0.9 <= store.usage().bytes <= limit


def test_a_lower_limit_after_a_restart(shared_place: Place) -> None:
    fill(shared_place.open(), shared_place, 250)
    limit = 10 * record("", body=KIB).size
    store = shared_place.open(ttl=DAY, max_bytes=limit)
    store.sweep()
    assert store.usage().bytes == limit
    shared_place.clock.now += 2 * DAY
    store.sweep()
    assert store.usage().records == 0


def test_one_conversation_may_be_larger_than_the_limit(place: Place) -> None:
    store = place.open(max_bytes=3000)
    fill(store, place, 3)
    parent = "r2 next"
    for turn in range(5):
        store.put(record(f"turn {turn}", parent, body=KIB))
        parent = f"turn {turn}"
    assert len(store.chain(parent, "")) == 7
    assert store.usage().conversations == 1


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_what_is_in_progress_stays(place: Place, status: str) -> None:
    store = place.open(ttl=DAY, max_bytes=20 * record("", body=KIB).size)
    store.put(record("a"))
    store.put(record("b", "a", status=status))
    place.clock.now += ABANDONED - 2000
    fill(store, place, 15)
    assert ids(store.chain("b", "")) == ["a", "b"]
    for _ in range(100):
        place.clock.now += ABANDONED - 1
        assert store.touch([("", "b")]) == set()
        store.sweep()
    assert ids(store.chain("b", "")) == ["a", "b"]
    assert store.put(record("b", "a"))


def test_what_nobody_touches_is_not_in_progress(place: Place) -> None:
    store = place.open(ttl=DAY)
    store.put(record("a", status="in_progress"))
    place.clock.now += DAY + ABANDONED
    assert reason(store, "a") == "expired"
    store.sweep()
    assert store.usage().records == 0


def test_the_reasons_that_are_kept_are_bounded(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "GONE_KEPT", 10)
    store = place.open()
    for number in range(30):
        place.clock.now += 1
        store.put(record(str(number)))
        store.delete(str(number), "")
    store.sweep()
    reasons = [reason(store, str(number)) for number in range(30)]
    assert reasons == 20 * ["unknown"] + 10 * ["deleted"]
