"""Where a text can be cut so that its parts have the token ids of the whole.

A tokenizer of Hugging Face's `tokenizers` first takes its added tokens out of the text.
What is between them is normalized, split and encoded piece by piece. So what stands
before such a token says nothing about the ids from that token on, and the other way
round, as long as the token itself is found at the same place.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

# Of the tokens that a tokenizer proves itself with; some have hundreds.
_PROVED = 32
# What boundaries may be hurt by: spaces, combining characters, joined emoji, accents
# that a normalizer would compose.
_SAMPLES = ("a ", " b", "\n\n", "\u0301c", "\u200d\U0001f469", "e\u0301", "<|", "")


@dataclass(frozen=True)
class Boundaries:
    """The tokens before which a text can be cut.

    Attributes:
        lengths: how many characters each has, by token id.
        leading: how many ids the tokenizer puts before those of a text.
    """

    lengths: dict[int, int]
    leading: int
    _ids: dict[str, int]
    _pattern: re.Pattern[str]

    def starts(self, text: str, start: int = 0) -> Iterator[tuple[int, int]]:
        """Where in a text, and with which id, there are boundaries from `start` on."""
        for match in self._pattern.finditer(text, start):
            token_id = self._ids.get(match[0])
            if token_id is not None:
                yield match.start(), token_id

    def indexes(self, token_ids: Sequence[int], start: int = 0) -> Iterator[int]:
        """Where in a prompt's token ids there are boundaries from `start` on."""
        lengths = self.lengths
        for index in range(max(start, self.leading), len(token_ids)):
            if token_ids[index] in lengths:
                yield index


def find_boundaries(tokenizer: Any, add_special_tokens: bool) -> Boundaries | None:
    """The boundaries of a tokenizer's texts, once it has proved that they are.

    Args:
        tokenizer: vLLM's.
        add_special_tokens: what prompts are tokenized with.

    Returns:
        None if it has none: it is not one of `tokenizers`, its added tokens are looked
        for in normalized text only, take whitespace or depend on what stands beside
        them, it adds tokens at the end, or samples show that its parts are not those of
        the whole.
    """
    backend = getattr(tokenizer, "_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        return None
    if getattr(backend.model, "dropout", None):
        return None
    added = backend.get_added_tokens_decoder()
    # The others are looked for later, between these.
    raw = {token.content: token for token in added.values() if not token.normalized}
    if any(token.single_word for token in raw.values()):
        return None
    # What the vocabulary has no token for gets this id, wherever it stands.
    unknown = {tokenizer.unk_token, getattr(backend.model, "unk_token", None)}
    ids = {
        token.content: token_id
        for token_id, token in added.items()
        if not (token.normalized or token.lstrip or token.rstrip)
        and token.content not in unknown
        and token.content == token.content.strip() != ""
        # Else what follows could make another token of it.
        and not any(token.content in other for other in raw if other != token.content)
    }
    if not ids:
        return None
    boundaries = Boundaries(
        lengths={token_id: len(content) for content, token_id in ids.items()},
        leading=len(_encoded(tokenizer, [""], add_special_tokens)[0]),
        _ids=ids,
        # Of those that begin alike, the longest is found, as in the tokenizer.
        _pattern=re.compile("|".join(map(re.escape, sorted(raw, reverse=True)))),
    )
    if not _proved(tokenizer, boundaries, list(ids), add_special_tokens):
        return None
    return boundaries


def _proved(
    tokenizer: Any, boundaries: Boundaries, tokens: list[str], add_special_tokens: bool
) -> bool:
    """Whether a text that hurts has the token ids of its parts."""
    before, after = _SAMPLES, _SAMPLES[::-1]
    text = "".join(
        before[n % len(before)] + token + after[n // 2 % len(after)]
        for n, token in enumerate((tokens[:_PROVED] * len(before))[: 2 * _PROVED])
    )
    found = list(boundaries.starts(text))
    parts = [text[start:] for start, _ in found]
    whole, *rest = _encoded(tokenizer, [text, *parts], add_special_tokens)
    indexes = list(boundaries.indexes(whole))
    if [whole[index] for index in indexes] != [token_id for _, token_id in found]:
        return False
    leading = whole[: boundaries.leading]
    return all(
        ids == leading + whole[index:] for index, ids in zip(indexes, rest, strict=True)
    )


def _encoded(
    tokenizer: Any, texts: list[str], add_special_tokens: bool
) -> list[list[int]]:
    encoded = tokenizer(texts, add_special_tokens=add_special_tokens)
    return [list(ids) for ids in encoded["input_ids"]]
