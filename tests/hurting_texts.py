"""Tokenizers and prompts in which a cut at a wrong place shows."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast
from vllm.tokenizers.hf import get_cached_tokenizer

_DEMO = Path(__file__).parent.parent / "scripts" / "demo_model" / "tokenizer.json"
_START, _END = "<|im_start|>", "<|im_end|>"

# Between special tokens, of which there are more in what a user may write than in what
# a template does.
PIECES = (
    *("", " ", "  ", "\n", "\n\n", "\t", "\r\n", "\u00a0", "\ufeff", "\0", "\u2581"),
    *(
        "user\n",
        "assistant\n",
        "Hello",
        " world",
        "hello",
        "don't",
        "12",
        "3",
        "_",
        ".",
    ),
    *("e", "\u0301", "e\u0301", "\u00e9", "\u1100", "\u1161", "\ud55c", "\ufb01"),
    *("\u00bd", "\u2167", "\u0e33", "\u05d0", "\u200f"),
    *("\U0001f469", "\u200d", "\U0001f467", "\U0001f3fd", "\ufe0f", "\U0001f1e9"),
    *("<", "|", ">", "<|", "|>", "<|im_", "start|>", "im_end", "<s", "</", "[", "]"),
)


def demo() -> Tokenizer:
    """That of the demo's model: byte-level, a split at words."""
    return Tokenizer.from_file(str(_DEMO))


def with_first_token() -> Tokenizer:
    """Puts a token before each prompt, one that is a boundary as well."""
    tokenizer = demo()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{_START} $A",
        special_tokens=[(_START, tokenizer.token_to_id(_START))],
    )
    return tokenizer


def with_dropout() -> Tokenizer:
    """Tokenizes a text otherwise each time."""
    tokenizer = demo()
    tokenizer.model.dropout = 0.1
    return tokenizer


def normalizing() -> Tokenizer:
    """Composes what stands side by side."""
    tokenizer = demo()
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Lowercase(), normalizers.Strip()]
    )
    return tokenizer


def _spelled(change: Callable[[Tokenizer], None]) -> Tokenizer:
    """A vocabulary of letters, in which spaces are written, as Llama's."""
    tokenizer = Tokenizer(BPE(unk_token="<unk>", fuse_unk=True))
    change(tokenizer)
    trainer = BpeTrainer(
        special_tokens=["<unk>", "<s>", _START, _END], show_progress=False
    )
    tokenizer.train_from_iterator(list(PIECES) * 3, trainer)
    return tokenizer


def first_word_marked() -> Tokenizer:
    """Llama's: only the very first word has a space put before it."""

    def change(tokenizer: Tokenizer) -> None:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")

    return _spelled(change)


def each_piece_marked() -> Tokenizer:
    """As Llama's was before: what follows a special token is a first word, too."""

    def change(tokenizer: Tokenizer) -> None:
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]
        )

    return _spelled(change)


def stripping() -> Tokenizer:
    """Has tokens that take the spaces beside them, and some that are others' parts."""
    tokenizer = demo()
    tokenizer.add_special_tokens(
        [
            AddedToken("<s>", lstrip=True, normalized=False),
            AddedToken("</s>", rstrip=True, normalized=False),
            AddedToken("<s>[", normalized=False),
            AddedToken("|>", normalized=False),
            AddedToken("  ", normalized=False),
        ]
    )
    tokenizer.add_tokens([AddedToken("user"), AddedToken("hello")])
    return tokenizer


TOKENIZERS = (
    demo,
    with_first_token,
    normalizing,
    first_word_marked,
    each_piece_marked,
    stripping,
)


def fast(tokenizer: Tokenizer, **options: Any) -> Any:
    """A tokenizer as vLLM has it."""
    return get_cached_tokenizer(
        PreTrainedTokenizerFast(tokenizer_object=tokenizer, **options)
    )


def changed(tokenizer: Tokenizer, **fields: Any) -> Tokenizer:
    """A copy with other fields of its `added_tokens`."""
    content = json.loads(tokenizer.to_str())
    for token in content["added_tokens"]:
        token |= fields
    return Tokenizer.from_str(json.dumps(content))


def prompts(tokens: Sequence[str]) -> st.SearchStrategy[list[str]]:
    """Prompts that continue each other, branch, and are sent again.

    Args:
        tokens: the tokenizer's added tokens.
    """
    pieces = st.lists(
        st.sampled_from(tokens) | st.sampled_from(PIECES), max_size=12
    ).map(tuple)
    # Which prompt to go on from, how much of it to keep, and what follows.
    steps = st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 60), pieces), min_size=2, max_size=8
    )
    return steps.map(lambda made: list(_texts(made)))


def _texts(steps: Sequence[tuple[int, int, tuple[str, ...]]]) -> Iterator[str]:
    made: list[tuple[str, ...]] = [()]
    for base, kept, pieces in steps:
        made.append(made[base % len(made)][:kept] + pieces)
        yield "".join(made[-1])
