"""What a store does, whichever backend it is.

Responses form conversations: one that names no parent begins a conversation, all that
continue it, branches included, belong to it. A conversation is *used* when one of its
responses is put or read. Retention is by whole conversation, the longest unused first:
after the time to live it has expired, over the limit of bytes it is evicted. One with
an unfinished response stays, unless nobody has touched that for `ABANDONED` seconds.

A finished response never changes. What a process has read of it can be cached for
ever, but for its deletion, which `head` tells, as it does where its id was used anew
after it had gone: `Record.updated` is another one.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from .record import Record

Clock = Callable[[], float]
Key = tuple[str, str]
"""A response's owner and id."""

Reason = Literal["unknown", "expired", "evicted", "deleted"]

ABANDONED = 3600.0
"""Seconds after which an unfinished response that nobody touches keeps nothing."""

RENEWED_AFTER = 60.0
"""A use is written down if the last one is longer ago than this, or than a hundredth
of the time to live."""

GONE_KEPT = 50_000
"""Of so many responses that are gone, a store remembers why."""


class NotStored(LookupError):
    """There is no such response, or not any more, or it is another owner's.

    Attributes:
        id: of the response.
        reason: `unknown` also says that it went so long ago that nobody remembers.
    """

    def __init__(self, id: str, reason: Reason) -> None:
        super().__init__(f"response {id!r}: {reason}")
        self.id = id
        self.reason = reason


class StoreUnavailable(RuntimeError):
    """The store can't be reached, does not answer, or can't write.

    Whether what was to be put is stored is then not known: put it again. The text has
    no password in it.
    """


@dataclass(frozen=True)
class Usage:
    """What is in a store.

    Attributes:
        conversations, records: how many.
        bytes: of all records, as `Record.size` counts them.
    """

    conversations: int
    records: int
    bytes: int


class Store(Protocol):
    """Stored responses. Its calls block, and any thread may make them.

    All raise `StoreUnavailable`, within seconds also where a server hangs.

    Attributes:
        shared: whether other processes can see what is in it.
        clock: what `Record.updated` is read from.
        removed: how many records this process removed, `evicted` for the limit of
            bytes and `expired` for their age.
    """

    @property
    def shared(self) -> bool: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def removed(self) -> Mapping[Reason, int]: ...

    def put(self, record: Record) -> bool:
        """Store a response, in the place of the unfinished one with its id if any.

        When it returns, the response is as safe as the backend makes it. Its parent may
        have been deleted since it was read, as long as its content is there.

        Returns:
            False if a finished one with this id is there: nothing has changed. So is
            the answer when the same is put twice.

        Raises:
            NotStored: for the parent, if that is gone: the record can be stored
                without one, if its body holds the whole conversation. For the
                record's own id and `deleted`, if it was deleted while unfinished.
        """

    def put_new(self, record: Record) -> bool:
        """Store a response whose id must not be there.

        Of any number of calls with one id at once, in any process, one returns True.

        Returns:
            False if its owner has a response with this id, deleted or not: nothing has
            changed.

        Raises:
            NotStored: for the parent, if that is gone.
        """

    def get(self, id: str, owner: str) -> Record:
        """One response. A use of its conversation.

        Raises:
            NotStored: it is not there.
        """

    def head(self, id: str, owner: str) -> Record:
        """As `get`, with an empty body: cheap, for what is cached already.

        Raises:
            NotStored: it is not there.
        """

    def chain(self, id: str, owner: str) -> list[Record]:
        """A response and all that it continues, the conversation's first one first.

        One query. A use of the conversation. Deleted ancestors are in it: their content
        stays part of what continues them.

        Raises:
            NotStored: for `id`, if it or one of its ancestors is not there.
        """

    def delete(self, id: str, owner: str) -> None:
        """Delete a response: `deleted` from now on, to read and to continue.

        Its content goes with the last response that continues it; at once, if there is
        none.

        Raises:
            NotStored: it is not there.
        """

    def touch(self, keys: Iterable[Key]) -> set[Key]:
        """Say that this process still produces these unfinished responses.

        Sets their `updated`. Who sees an unfinished response with an old one may take
        its process for dead.

        Returns:
            Those that are not there as unfinished any more: another process has
            cancelled, failed or deleted them.
        """

    def sweep(self) -> None:
        """Remove what retention does not keep.

        Puts do this by themselves, a little each, so it is for a store that is only
        read, or idle: call it every minute or so.
        """

    def usage(self) -> Usage:
        """What is in it now."""

    def close(self) -> None:
        """Let go of files and connections.

        May be called twice. No other call may follow.
        """
