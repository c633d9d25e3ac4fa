"""Names and conditions no list has, so that a model has to copy, not remember."""

from __future__ import annotations

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


def _invented_word(rng: Random, syllables: int) -> str:
    return "".join(
        rng.choice(_ONSETS) * (rng.random() < 0.85 or index > 0)
        + rng.choice(_VOWELS)
        + rng.choice(_CODAS)
        for index in range(syllables)
    )


def invented_name(rng: Random) -> str:
    """Return one to three words that could be the name of a city."""
    if rng.random() < 0.1:
        # Letters in any order, for names that follow no pattern.
        return "".join(rng.choices(_LETTERS, k=rng.randint(3, 11))).capitalize()
    words = [
        _invented_word(rng, rng.choice((1, 2, 2, 2, 3, 3, 4))).capitalize()
        for _ in range(rng.choice((1, 1, 1, 1, 2, 2, 3)))
    ]
    if rng.random() < 0.25:
        words[rng.randrange(len(words))] = rng.choice(_NAME_PARTS)
    if len(words) == 2 and rng.random() < 0.15:
        words.insert(1, rng.choice(_CONNECTIVES))
    return rng.choice((" ", " ", " ", " ", "-")).join(words)


def invented_condition(rng: Random) -> str:
    """Return a word that could be a condition, at times with a degree before it."""
    word = _invented_word(rng, rng.choice((1, 2, 2, 3)))
    word += rng.choice(("y", "ing", "", "", "s"))
    return f"{rng.choice(_DEGREES)} {word}" if rng.random() < 0.25 else word
