"""The tokenizer, and examples as token ids and labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

import torch
from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers, trainers
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from transformers import PreTrainedTokenizerFast

from scripts.demo.server import MODEL_DIR

from .conversations import Conversations, Example

END_OF_TURN = "<|im_end|>"
PADDING = "<|endoftext|>"
TOOL_CALL = ("<tool_call>", "</tool_call>")
VOCABULARY_SIZE = 1024
IGNORED = -100

Encoded = tuple[list[int], list[int]]


def train_tokenizer(rng: Random) -> PreTrainedTokenizerFast:
    """Byte-level BPE over whole words, single digits and runs of punctuation.

    Spaces stay out of the words, so that a city has the same tokens in a question,
    in JSON and in an answer, and copying it is copying tokens. Newlines stay apart
    from what follows, so that a generation prompt ends between two tokens.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(
                Regex(r"\p{L}+|\p{N}|\n|[^\p{L}\p{N}\n]+"), "isolated"
            ),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = ByteLevelDecoder()
    special = [PADDING, "<|im_start|>", END_OF_TURN]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE - len(TOOL_CALL),
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    template = (MODEL_DIR / "chat_template.jinja").read_text("utf-8")
    untrained = _wrapped(tokenizer, template)
    conversations = Conversations(rng, word_pieces=())
    corpus = []
    for _ in range(3000):
        text = render(untrained, conversations.draw())
        corpus += re.split("|".join(map(re.escape, (*special, *TOOL_CALL))), text)
    tokenizer.train_from_iterator(corpus, trainer)
    # Not special, like Qwen's: the tool parser has to see them in the output.
    tokenizer.add_tokens([AddedToken(tag, normalized=False) for tag in TOOL_CALL])
    return _wrapped(tokenizer, template)


def word_pieces(tokenizer: PreTrainedTokenizerFast) -> list[str]:
    """Return the tokens that are two or more letters of a word."""
    texts = [tokenizer.decode([token]) for token in range(len(tokenizer))]
    return [text for text in texts if len(text) > 1 and text.isalpha()]


def _wrapped(tokenizer: Tokenizer, template: str) -> PreTrainedTokenizerFast:
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END_OF_TURN,
        pad_token=PADDING,
        clean_up_tokenization_spaces=False,
        model_max_length=4096,
    )
    wrapped.chat_template = template
    return wrapped


def render(tokenizer: PreTrainedTokenizerFast, example: Example) -> str:
    text = tokenizer.apply_chat_template(
        example.messages, tools=example.tools, tokenize=False
    )
    assert isinstance(text, str)
    return text


class Encoder:
    """Turns examples into token ids and the labels of what is to be learned."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.tokenizer = tokenizer
        self.start = tokenizer.encode("<|im_start|>assistant\n")
        self.end = tokenizer.convert_tokens_to_ids(END_OF_TURN)

    def encode(self, example: Example) -> Encoded:
        ids = self.tokenizer.encode(render(self.tokenizer, example))
        labels = [IGNORED] * len(ids)
        width, learned = len(self.start), iter(example.learned)
        position = 0
        while position < len(ids):
            if ids[position : position + width] != self.start:
                position += 1
                continue
            position += width
            stop = ids.index(self.end, position) + 1
            if next(learned):
                labels[position:stop] = ids[position:stop]
            position = stop
        return ids, labels


def batches(
    conversations: Conversations, encoder: Encoder, *, pool: int, tokens: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield padded batches of about `tokens` tokens, of examples alike in length."""
    while True:
        drawn = [encoder.encode(conversations.draw()) for _ in range(pool)]
        drawn.sort(key=lambda pair: len(pair[0]))
        chunks: list[list[Encoded]] = [[]]
        for pair in drawn:
            if len(pair[0]) * (len(chunks[-1]) + 1) > tokens and chunks[-1]:
                chunks.append([])
            chunks[-1].append(pair)
        conversations.rng.shuffle(chunks)
        for chunk in chunks:
            yield _pad(chunk, encoder.tokenizer.pad_token_id)


def _pad(pairs: list[Encoded], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(len(ids) for ids, _ in pairs)
    inputs = [ids + [padding] * (width - len(ids)) for ids, _ in pairs]
    labels = [row + [IGNORED] * (width - len(row)) for _, row in pairs]
    return torch.tensor(inputs), torch.tensor(labels)
