"""Names and conditions no list has, so that a model has to copy, not remember."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

# fmt: off
_ONSETS = (
    "b", "br", "c", "ch", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "kl",
    "l", "m", "n", "p", "ph", "pl", "qu", "r", "s", "sh", "st", "str", "t", "th", "tr",
    "v", "w", "y", "z",
)
_VOWELS = (
    "a", "e", "i", "o", "u", "a", "e", "i", "o", "u", "aa", "ai", "au", "ea", "ei",
    "ia", "ie", "oa", "oo", "ou", "ui", "y",
)
_CODAS = (
    "n", "r", "l", "s", "t", "m", "k", "d", "g", "x", "z", "ng", "nd", "nt", "rk", "rt",
    "st", "ck", "ll", "ss", "th", "sk", "ld", "rn", "ns", *[""] * 20,
)
# fmt: on
_LETTERS = "abcdefghijklmnopqrstuvwxyzéøüãñ"
_NAME_PARTS = ("San", "New", "Santa", "Port", "Fort", "Saint", "City", "Lake", "Las")
_CONNECTIVES = ("de", "del", "la", "el", "es", "al", "on", "upon", "of")
_DEGREES = (
    "light",
    "heavy",
    "mostly",
    "partly",
    "patchy",
    "strong",
    "very",
    "slightly",
)


class Inventor:
    """Invents names and conditions.

    Args:
        rng: Where chance comes from.
        word_pieces: A tokenizer's. Words made of them see to it that every token is
            copied often, also those that hardly occur in real words.
    """

    def __init__(self, rng: Random, word_pieces: Sequence[str]) -> None:
        self.rng = rng
        self.word_pieces = word_pieces

    def name(self) -> str:
        """Return one to three words that could be the name of a city."""
        rng = self.rng
        words = [
            self._word(rng.choice((1, 2, 2, 2, 3, 3, 4)), capital=True)
            for _ in range(rng.choice((1, 1, 1, 1, 2, 2, 3)))
        ]
        if rng.random() < 0.25:
            words[rng.randrange(len(words))] = rng.choice(_NAME_PARTS)
        if len(words) == 2 and rng.random() < 0.15:
            words.insert(1, rng.choice(_CONNECTIVES))
        return rng.choice((" ", " ", " ", " ", "-")).join(words)

    def condition(self) -> str:
        """Return a word that could be a condition, at times with a degree before it."""
        rng = self.rng
        word = self._word(rng.choice((1, 2, 2, 3)), capital=False)
        word += rng.choice(("y", "ing", "", "", "s"))
        return f"{rng.choice(_DEGREES)} {word}" if rng.random() < 0.25 else word

    def word(self, *, capital: bool) -> str:
        """Return one word."""
        return self._word(self.rng.choice((1, 1, 2, 2, 3)), capital=capital)

    def _word(self, length: int, *, capital: bool) -> str:
        rng = self.rng
        kind = rng.random()
        if kind < 0.3 and self.word_pieces:
            return "".join(rng.choices(self.word_pieces, k=length))
        if kind < 0.4:
            word = "".join(rng.choices(_LETTERS, k=2 * length + 1))
        else:
            word = "".join(self._syllable(first=i == 0) for i in range(length))
        return word.capitalize() if capital else word

    def _syllable(self, *, first: bool) -> str:
        rng = self.rng
        onset = "" if first and rng.random() < 0.15 else rng.choice(_ONSETS)
        return onset + rng.choice(_VOWELS) + rng.choice(_CODAS)
