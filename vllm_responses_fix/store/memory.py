"""Stored responses in the memory of this process."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from . import protocol
from .protocol import ABANDONED, Clock, Key, NotStored, Reason, Usage
from .record import Record


@dataclass(eq=False)
class _Conversation:
    used: float
    entries: "dict[str, _Entry]" = field(default_factory=dict)


@dataclass(eq=False)
class _Entry:
    record: Record
    conversation: _Conversation
    parent: "_Entry | None"
    children: int = 0
    deleted: bool = False


class MemoryStore:
    """The store of one process; see `Store` for its methods."""

    shared = False

    def __init__(self, *, ttl: float, max_bytes: int, clock: Clock = time.time) -> None:
        """Begin with nothing stored.

        Args:
            ttl: seconds that an unused conversation stays.
            max_bytes: of all records. One conversation may be larger: the one that was
                used last always stays.
            clock: seconds since 1970.
        """
        self.clock = clock
        self._ttl = ttl
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._entries: dict[Key, _Entry] = {}
        # The longest unused first.
        self._conversations: OrderedDict[_Conversation, None] = OrderedDict()
        self._gone: OrderedDict[Key, Reason] = OrderedDict()
        self._bytes = 0
        self.removed: dict[Reason, int] = {"evicted": 0, "expired": 0}

    def put(self, record: Record) -> bool:
        with self._lock:
            self._expire()
            key = (record.owner, record.id)
            entry = self._entries.get(key)
            if entry is None and self._gone.get(key) == "deleted":
                raise NotStored(record.id, "deleted")
            if entry is None:
                self._insert(record)
            elif entry.deleted:
                raise NotStored(record.id, "deleted")
            elif not entry.record.unfinished:
                return False
            else:
                self._bytes += record.size - entry.record.size
                entry.record = replace(
                    record, parent=entry.record.parent, updated=self.clock()
                )
                self._use(entry.conversation)
            self._evict()
            return True

    def put_new(self, record: Record) -> bool:
        with self._lock:
            self._expire()
            if (record.owner, record.id) in self._entries:
                return False
            self._insert(record)
            self._evict()
            return True

    def get(self, id: str, owner: str) -> Record:
        with self._lock:
            entry = self._find(id, owner)
            self._use(entry.conversation)
            return entry.record

    def head(self, id: str, owner: str) -> Record:
        return replace(self.get(id, owner), body=b"")

    def chain(self, id: str, owner: str) -> list[Record]:
        with self._lock:
            entry: _Entry | None = self._find(id, owner)
            assert entry is not None
            self._use(entry.conversation)
            records = []
            while entry is not None:
                records.append(entry.record)
                entry = entry.parent
        records.reverse()
        return records

    def delete(self, id: str, owner: str) -> None:
        with self._lock:
            entry: _Entry | None = self._find(id, owner)
            assert entry is not None
            entry.deleted = True
            while entry is not None and entry.deleted and not entry.children:
                self._drop(entry, "deleted")
                del entry.conversation.entries[entry.record.id]
                if not entry.conversation.entries:
                    del self._conversations[entry.conversation]
                entry = entry.parent

    def touch(self, keys: Iterable[Key]) -> set[Key]:
        lost = set()
        with self._lock:
            for key in keys:
                entry = self._entries.get(key)
                if entry is None or entry.deleted or not entry.record.unfinished:
                    lost.add(key)
                else:
                    entry.record = replace(entry.record, updated=self.clock())
        return lost

    def sweep(self) -> None:
        with self._lock:
            self._expire()

    def usage(self) -> Usage:
        with self._lock:
            return Usage(
                conversations=len(self._conversations),
                records=len(self._entries),
                bytes=self._bytes,
            )

    def close(self) -> None:
        """Nothing to let go of."""

    def _find(self, id: str, owner: str) -> _Entry:
        self._expire()
        entry = self._entries.get((owner, id))
        if entry is None:
            raise NotStored(id, self._gone.get((owner, id), "unknown"))
        if entry.deleted:
            raise NotStored(id, "deleted")
        return entry

    def _insert(self, record: Record) -> None:
        key = (record.owner, record.id)
        parent = None
        if record.parent is None:
            conversation = _Conversation(self.clock())
        else:
            parent = self._entries.get((record.owner, record.parent))
            if parent is None:
                reason = self._gone.get((record.owner, record.parent), "unknown")
                raise NotStored(record.parent, reason)
            parent.children += 1
            conversation = parent.conversation
        entry = _Entry(replace(record, updated=self.clock()), conversation, parent)
        self._entries[key] = conversation.entries[record.id] = entry
        self._gone.pop(key, None)
        self._bytes += record.size
        self._use(conversation)

    def _use(self, conversation: _Conversation) -> None:
        conversation.used = self.clock()
        self._conversations[conversation] = None
        self._conversations.move_to_end(conversation)

    def _expire(self) -> None:
        now = self.clock()
        for conversation in list(self._unused_since(now - self._ttl)):
            self._remove(conversation, "expired")

    def _unused_since(self, when: float) -> Iterable[_Conversation]:
        for conversation in self._conversations:
            if conversation.used > when:
                return
            if not self._in_progress(conversation):
                yield conversation

    def _evict(self) -> None:
        """Make room, but not with the conversation that was used last."""
        while self._bytes > self._max_bytes:
            newest = next(reversed(self._conversations))
            for conversation in self._conversations:
                if conversation is newest:
                    return
                if not self._in_progress(conversation):
                    self._remove(conversation, "evicted")
                    break

    def _in_progress(self, conversation: _Conversation) -> bool:
        alive = self.clock() - ABANDONED
        return any(
            entry.record.unfinished and entry.record.updated > alive
            for entry in conversation.entries.values()
        )

    def _remove(self, conversation: _Conversation, reason: Reason) -> None:
        del self._conversations[conversation]
        self.removed[reason] += len(conversation.entries)
        for entry in conversation.entries.values():
            self._drop(entry, "deleted" if entry.deleted else reason)

    def _drop(self, entry: _Entry, reason: Reason) -> None:
        if entry.parent is not None:
            entry.parent.children -= 1
        key = (entry.record.owner, entry.record.id)
        del self._entries[key]
        self._bytes -= entry.record.size
        self._gone[key] = reason
        self._gone.move_to_end(key)
        if len(self._gone) > protocol.GONE_KEPT:
            self._gone.popitem(last=False)
