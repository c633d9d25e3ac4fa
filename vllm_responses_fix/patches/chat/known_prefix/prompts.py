"""The prompts that were tokenized last, and what a new one shares with them."""

import sys
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from .boundaries import Boundaries


@dataclass(frozen=True, eq=False)
class Prompt:
    """A prompt that was tokenized.

    Attributes:
        text: as the chat template rendered it.
        token_ids: those of the text.
        starts: of its boundaries (see `boundaries`), in the text.
        indexes: of its boundaries, in the token ids.
    """

    text: str
    token_ids: "array[int]"
    starts: "array[int]"
    indexes: "array[int]"

    @property
    def size(self) -> int:
        """Bytes of memory."""
        arrays = (self.token_ids, self.starts, self.indexes)
        return sum(map(sys.getsizeof, (self.text, *arrays)))


@dataclass(frozen=True)
class Shared:
    """The beginning of a text that a known prompt has as well.

    Attributes:
        prompt: the known one.
        boundary: the last boundary that both have, as an index.
    """

    prompt: Prompt
    boundary: int

    @property
    def start(self) -> int:
        """Where in the text the boundary is."""
        return self.prompt.starts[self.boundary]

    @property
    def token_ids(self) -> "array[int]":
        """Those of what is before the boundary."""
        return self.prompt.token_ids[: self.prompt.indexes[self.boundary]]

    @property
    def is_whole(self) -> bool:
        """Whether the known prompt has no boundary that the text has not."""
        return self.boundary + 1 == len(self.prompt.starts)


class RecentPrompts:
    """Prompts of all tokenizers of a process, the least recently used out first."""

    def __init__(self, max_bytes: int) -> None:
        """Begin with none.

        Args:
            max_bytes: of all prompts. One that is larger by itself is not kept.
        """
        self.max_bytes = max_bytes
        self.bytes = 0
        self._by_use: OrderedDict[Prompt, KnownPrompts] = OrderedDict()

    def add(self, prompt: Prompt, known: "KnownPrompts") -> None:
        """Keep a prompt, for as long as it is among the last."""
        self._by_use[prompt] = known
        self.bytes += prompt.size
        while self.bytes > self.max_bytes:
            oldest, of = next(iter(self._by_use.items()))
            of.drop(oldest)

    def use(self, prompt: Prompt) -> None:
        self._by_use.move_to_end(prompt)

    def remove(self, prompt: Prompt) -> None:
        del self._by_use[prompt]
        self.bytes -= prompt.size


class KnownPrompts:
    """Prompts of one tokenizer.

    One that another continues gives way to it, as whatever shares something with the
    first shares it with the second. So a conversation is kept once, at its last turn.
    """

    def __init__(self, boundaries: Boundaries, recent: RecentPrompts) -> None:
        """Begin with none.

        Args:
            boundaries: of the tokenizer.
            recent: has those of the other tokenizers, too.
        """
        self.boundaries = boundaries
        self._recent = recent
        # Of all texts, those next to a text in alphabetical order share most with it.
        self._sorted: list[Prompt] = []

    def __len__(self) -> int:
        return len(self._sorted)

    def shared(self, text: str) -> Shared | None:
        """The longest beginning of a text, up to a boundary, that is known."""
        position = bisect_left(self._sorted, text, key=_text)
        found: Shared | None = None
        for prompt in self._sorted[max(position - 1, 0) : position + 1]:
            number = self._shared_boundaries(prompt, text)
            if number and (found is None or prompt.starts[number - 1] > found.start):
                found = Shared(prompt, number - 1)
        if found is None or not found.start:
            return None
        self._recent.use(found.prompt)
        return found

    def remember(
        self, text: str, token_ids: Sequence[int], shared: Shared | None
    ) -> None:
        """Keep a prompt.

        Args:
            token_ids: all of the text.
            shared: what `shared` said of the text.
        """
        prompt = self._prompt(text, token_ids, shared)
        if prompt is None:
            return
        if shared is not None and shared.is_whole:
            self.drop(shared.prompt)
        position = bisect_left(self._sorted, text, key=_text)
        if position < len(self._sorted) and self._sorted[position].text == text:
            self.drop(self._sorted[position])
        if prompt.size <= self._recent.max_bytes:
            self._sorted.insert(position, prompt)
            self._recent.add(prompt, self)

    def drop(self, prompt: Prompt) -> None:
        """Keep a prompt no longer, if it is kept."""
        position = bisect_left(self._sorted, prompt.text, key=_text)
        if self._sorted[position : position + 1] == [prompt]:
            del self._sorted[position]
            self._recent.remove(prompt)

    def clear(self) -> None:
        """Keep none of the prompts any longer."""
        for prompt in self._sorted:
            self._recent.remove(prompt)
        self._sorted.clear()

    def _prompt(
        self, text: str, token_ids: Sequence[int], shared: Shared | None
    ) -> Prompt | None:
        known_starts = known_indexes = known_ids = array("i")
        start = 0
        if shared is not None:
            known_starts = shared.prompt.starts[: shared.boundary]
            known_indexes = shared.prompt.indexes[: shared.boundary]
            known_ids = shared.token_ids
            start = shared.start
        rest = array("i", token_ids[len(known_ids) :])
        found = list(self.boundaries.starts(text, start))
        indexes = list(self.boundaries.indexes(token_ids, len(known_ids)))
        if [token_ids[index] for index in indexes] != [token for _, token in found]:
            # A text that spells such a token without being one.
            return None
        if not (found or known_starts):
            return None
        return Prompt(
            text,
            known_ids + rest,
            known_starts + array("i", (position for position, _ in found)),
            known_indexes + array("i", indexes),
        )

    def _shared_boundaries(self, prompt: Prompt, text: str) -> int:
        """How many of a prompt's boundaries a text has as well."""
        if text.startswith(prompt.text):
            return len(prompt.starts)
        low, high = 0, len(prompt.starts)
        same = 0
        while low < high:
            middle = (low + high) // 2
            token_id = prompt.token_ids[prompt.indexes[middle]]
            end = prompt.starts[middle] + self.boundaries.lengths[token_id]
            if text[same:end] == prompt.text[same:end]:
                low, same = middle + 1, end
            else:
                high = middle
        return low


def _text(prompt: Prompt) -> str:
    return prompt.text
