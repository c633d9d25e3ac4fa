"""What was put is read, as it was put, in order, and only by its owner."""

import pytest
from backends import Place, ids, reason, record

from vllm_responses_fix.store.protocol import NotStored, Store
from vllm_responses_fix.store.record import Record

ODD_IDS = [
    "resp_1",
    "a:b",
    "*",
    "spaces and\nlines",
    'it\'s 100% "quoted"; --',
    "\N{SNOWMAN}\0\ud800",
    "x" * 2000,
]


@pytest.mark.parametrize("body", [b"", b"\0\xff\n'", b"x" * 3_000_000])
def test_a_body_is_read_as_it_was_put(place: Place, body: bytes) -> None:
    store = place.open()
    assert store.put(record("a", body=body))
    expected = Record("a", "", None, "completed", body, place.clock.now)
    assert store.get("a", "") == expected
    assert store.chain("a", "") == [expected]


@pytest.mark.parametrize("id", ODD_IDS)
def test_an_id_may_be_any_text(store: Store, id: str) -> None:
    assert store.put_new(record(id))
    assert not store.put_new(record(id))
    assert store.put(record("next", id))
    assert ids(store.chain("next", "")) == [id, "next"]
    assert store.get("next", "").parent == id
    store.delete("next", "")
    store.delete(id, "")
    assert reason(store, id) == "deleted"


def test_a_chain_begins_with_the_first_response(store: Store) -> None:
    parent = None
    for turn in range(400):
        store.put(record(f"turn {turn}", parent))
        parent = f"turn {turn}"
    chain = store.chain("turn 399", "")
    assert ids(chain) == [f"turn {turn}" for turn in range(400)]
    assert [each.parent for each in chain] == [None, *ids(chain)[:-1]]
    assert [each.body for each in chain] == [
        f"body of turn {turn}".encode() for turn in range(400)
    ]


def test_branches_share_what_is_before_them(store: Store) -> None:
    for id, parent in [("a", None), ("b", "a"), ("c", "b"), ("C", "b"), ("d", "C")]:
        store.put(record(id, parent))
    assert ids(store.chain("c", "")) == ["a", "b", "c"]
    assert ids(store.chain("d", "")) == ["a", "b", "C", "d"]
    usage = store.usage()
    assert (usage.conversations, usage.records) == (1, 5)


def test_the_same_history_twice_is_two_conversations(store: Store) -> None:
    for id in ("a", "A"):
        store.put(record(id, body=b"call_1"))
    assert store.usage().conversations == 2


def test_head_has_no_body(store: Store) -> None:
    store.put(record("a"))
    store.put(record("b", "a", status="queued"))
    head = store.head("b", "")
    assert (head.status, head.parent, head.body) == ("queued", "a", b"")


def test_an_unknown_response(store: Store) -> None:
    assert reason(store, "a") == "unknown"
    for call in (store.get, store.head, store.delete):
        with pytest.raises(NotStored):
            call("a", "")


@pytest.mark.parametrize("method", ["put", "put_new"])
def test_an_unknown_parent(store: Store, method: str) -> None:
    with pytest.raises(NotStored) as error:
        getattr(store, method)(record("b", "a"))
    assert (error.value.id, error.value.reason) == ("a", "unknown")
    assert reason(store, "b") == "unknown"
    assert store.usage().conversations == 0


def test_another_owners_response_is_unknown(store: Store) -> None:
    store.put(record("a", owner="aa"))
    for owner in ("", "bb"):
        assert reason(store, "a", owner) == "unknown"
        with pytest.raises(NotStored):
            store.put(record("b", "a", owner=owner))
        with pytest.raises(NotStored):
            store.delete("a", owner)
        assert store.touch([(owner, "a")]) == {(owner, "a")}
    assert ids(store.chain("a", "aa")) == ["a"]


def test_two_owners_may_choose_one_id(store: Store) -> None:
    for owner in ("aa", "bb"):
        assert store.put_new(record("a", owner=owner, body=owner.encode()))
    store.delete("a", "aa")
    assert store.get("a", "bb").body == b"bb"
    assert reason(store, "a", "aa") == "deleted"


def test_an_unfinished_response_is_replaced(place: Place) -> None:
    store = place.open()
    store.put(record("a"))
    for status in ("queued", "in_progress", "completed"):
        place.clock.now += 1
        body = status.encode()
        assert store.put(record("b", "a", status=status, body=body))
        expected = Record("b", "", "a", status, body, place.clock.now)
        assert store.get("b", "") == expected
    usage = store.usage()
    assert (usage.records, usage.bytes) == (
        2,
        record("a").size + record("b", body=b"completed").size,
    )


def test_a_finished_response_does_not_change(store: Store) -> None:
    store.put(record("a", status="cancelled"))
    for status in ("in_progress", "completed"):
        assert not store.put(record("a", status=status, body=b"late"))
    assert not store.put_new(record("a", body=b"late"))
    assert store.get("a", "").body == b"body of a"
    assert store.get("a", "").status == "cancelled"


def test_touch_tells_what_is_lost(place: Place) -> None:
    store = place.open()
    for id, status in [("a", "queued"), ("b", "in_progress"), ("c", "cancelled")]:
        store.put(record(id, status=status))
    store.put(record("d", status="queued"))
    store.delete("d", "")
    place.clock.now += 10
    keys = [("", id) for id in "abcde"]
    assert store.touch(keys) == {("", "c"), ("", "d"), ("", "e")}
    assert store.get("a", "").updated == place.clock.now
    assert store.get("c", "").updated == place.clock.now - 10
    assert store.touch([]) == set()


def test_what_a_turn_takes_does_not_grow(store: Store) -> None:
    taken = []
    parent = None
    for turn in range(1, 401):
        before = store.usage().bytes
        store.put(record(f"turn {turn:03}", parent))
        taken.append(store.usage().bytes - before)
        parent = f"turn {turn:03}"
    assert taken[399] == taken[1]
