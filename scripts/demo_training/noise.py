"""Phrasings that nobody wrote, so that a model does not hang on single words."""

from __future__ import annotations

from random import Random

from .inventions import Inventor

_DISTURBED = 0.6
# Of the words of a phrasing.
_SHARES = (0.1, 0.25, 0.5)
_SHUFFLED = 0.15


class Noise:
    """Drops, replaces and adds words of a phrasing.

    What a turn asks for is then told by the conversation it stands in, and by whether
    it names a city: that is left alone, and no other word is made a name.
    """

    def __init__(self, rng: Random, inventor: Inventor) -> None:
        self.rng = rng
        self.inventor = inventor

    def disturb(self, phrasing: str) -> str:
        rng = self.rng
        if rng.random() > _DISTURBED:
            return phrasing
        share = rng.choice(_SHARES)
        words: list[str] = []
        for word in phrasing.split():
            words += self._disturbed(word, share, first=not words)
        if rng.random() < _SHUFFLED:
            rng.shuffle(words)
        return " ".join(words) or phrasing

    def _disturbed(self, word: str, share: float, *, first: bool) -> list[str]:
        if "{" in word:
            return [word]
        chance = self.rng.random() / share
        if chance > 1:
            return [word]
        if chance < 0.4:
            return []
        end = word[-1] if word[-1] in ".,:?!" else ""
        invented = self.inventor.word(capital=first and word[0].isupper()) + end
        return [invented] if chance < 0.7 else [word, invented]
