"""A deleted response is gone, but for what continues it."""

import pytest
from backends import ids, reason, record

from vllm_responses_fix.store.protocol import NotStored, Store


def test_a_deleted_response_is_neither_read_nor_continued(store: Store) -> None:
    store.put(record("a"))
    store.delete("a", "")
    assert reason(store, "a") == "deleted"
    for call in (store.get, store.head, store.delete):
        with pytest.raises(NotStored) as error:
            call("a", "")
        assert error.value.reason == "deleted"
    with pytest.raises(NotStored):
        store.put(record("b", "a"))
    usage = store.usage()
    assert (usage.conversations, usage.records, usage.bytes) == (0, 0, 0)


def test_its_content_stays_in_what_continues_it(store: Store) -> None:
    for id, parent in [("a", None), ("b", "a"), ("c", "b"), ("d", "a")]:
        store.put(record(id, parent))
    store.delete("a", "")
    store.delete("b", "")
    assert reason(store, "a") == reason(store, "b") == "deleted"
    assert ids(store.chain("c", "")) == ["a", "b", "c"]
    assert store.chain("c", "")[1].body == b"body of b"
    assert not store.put_new(record("b"))


def test_it_goes_with_the_last_that_continues_it(store: Store) -> None:
    for id, parent in [("a", None), ("b", "a"), ("c", "b"), ("d", "a")]:
        store.put(record(id, parent))
    for id, left in [("a", 4), ("b", 4), ("c", 2), ("d", 0)]:
        store.delete(id, "")
        assert store.usage().records == left
    assert store.usage().bytes == store.usage().conversations == 0
    for id in "abcd":
        assert reason(store, id) == "deleted"


def test_a_turn_that_was_running_may_end(store: Store) -> None:
    store.put(record("a"))
    store.put(record("b", "a"))
    store.delete("a", "")
    assert store.put(record("c", "a"))
    assert ids(store.chain("c", "")) == ["a", "c"]


@pytest.mark.parametrize("continued", [False, True])
def test_a_response_deleted_while_it_ran_stays_deleted(
    store: Store, continued: bool
) -> None:
    store.put(record("a", status="in_progress"))
    if continued:
        store.put(record("b", "a"))
    store.delete("a", "")
    with pytest.raises(NotStored) as error:
        store.put(record("a"))
    assert (error.value.id, error.value.reason) == ("a", "deleted")
    assert reason(store, "a") == "deleted"


def test_its_id_can_be_new_again(store: Store) -> None:
    store.put(record("a"))
    store.delete("a", "")
    assert store.put_new(record("a", body=b"again"))
    assert store.get("a", "").body == b"again"
