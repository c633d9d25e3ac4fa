"""Model folders that hold everything vLLM's server reads, except a model."""

import importlib.metadata
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from .chat_templates import PARTS_TEMPLATE, STRING_TEMPLATE
from .harmony_encoding import harmony_encoding
from .vocabulary import read_ranks

ContentFormat = Literal["string", "openai"]

MAX_MODEL_LEN = 1 << 22
END_OF_TURN = "<|im_end|>"
HARMONY_END_OF_TURN = "<|return|>"
HARMONY_VOCABULARY_SIZE = 201088
MISTRAL_TOKENIZER = "mistral_common/data/tekken_240911.json"
# As in the vocabularies of Qwen3 and DeepSeek-R1, the tags that parsers look for are
# single tokens that are not "special", so they survive skip_special_tokens.
TAGS = ("<think>", "</think>", "<tool_call>", "</tool_call>")


def write_chat_model(
    folder: Path,
    content_format: ContentFormat = "string",
    tags: Sequence[str] = TAGS,
) -> Path:
    """Write a model folder for the chat template path and return it.

    The tokenizer has one token for every byte, so any text survives a round trip and
    two prompts differ exactly where their texts do. vLLM detects the template's
    content format to be `content_format`.
    """
    tokenizer = Tokenizer(models.BPE(vocab=_byte_vocabulary(), merges=[]))
    tokenizer.add_special_tokens(
        [AddedToken(t, special=True) for t in ("<|im_start|>", END_OF_TURN)]
    )
    tokenizer.add_tokens([AddedToken(t, special=False) for t in tags])
    templates = {"string": STRING_TEMPLATE, "openai": PARTS_TEMPLATE}
    _write_tokenizer(folder, tokenizer, END_OF_TURN)
    (folder / "chat_template.jinja").write_text(
        templates[content_format], encoding="utf-8"
    )
    _write_config(
        folder,
        architectures=["Qwen3ForCausalLM"],
        model_type="qwen3",
        vocab_size=tokenizer.get_vocab_size(),
        eos_token_id=tokenizer.token_to_id(END_OF_TURN),
        hidden_size=64,
        intermediate_size=64,
    )
    return folder


def write_harmony_model(folder: Path) -> Path:
    """Write a model folder of type gpt_oss and return it.

    Its tokenizer decodes Harmony's whole vocabulary. It has no merges, so it encodes
    byte by byte, which is never asked of it: Harmony prompts are encoded by
    openai_harmony.
    """
    encoding = harmony_encoding()
    characters = _byte_characters()
    ranks = read_ranks()
    vocabulary = {
        "".join(characters[byte] for byte in token): rank for token, rank in ranks
    }
    special_tokens = {
        encoding.decode([token_id]): token_id
        for token_id in range(len(ranks), HARMONY_VOCABULARY_SIZE)
    }
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary | special_tokens, merges=[]))
    tokenizer.add_special_tokens(
        [
            AddedToken(token, special=True)
            for token in special_tokens
            # A thousand that stand for nothing would make loading slow.
            if not token.startswith("<|reserved_")
        ]
    )
    _write_tokenizer(folder, tokenizer, HARMONY_END_OF_TURN)
    _write_config(
        folder,
        architectures=["GptOssForCausalLM"],
        model_type="gpt_oss",
        vocab_size=tokenizer.get_vocab_size(),
        eos_token_id=tokenizer.token_to_id(HARMONY_END_OF_TURN),
        # vLLM 0.22 and before know this by themselves.
        stop_token_ids=[tokenizer.token_to_id("<|call|>")],
        hidden_size=64,
        intermediate_size=64,
        num_local_experts=1,
        num_experts_per_tok=1,
        layer_types=["full_attention"],
        # Without YaRN, which would keep conversations shorter than MAX_MODEL_LEN.
        rope_parameters={"rope_type": "default", "rope_theta": 150000.0},
    )
    return folder


def write_mistral_model(folder: Path) -> Path:
    """Write a model folder for Mistral's tokenizer mode and return it.

    mistral_common, which vLLM depends on, has the tokenizer and is the one to render
    prompts: there is no chat template.
    """
    # Through the metadata, because importing the package takes seconds.
    package = importlib.metadata.distribution("mistral_common")
    tokenizer = Path(str(package.locate_file(MISTRAL_TOKENIZER)))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tekken.json").symlink_to(tokenizer.resolve())
    _write_config(
        folder,
        architectures=["MistralForCausalLM"],
        model_type="mistral",
        vocab_size=131072,
        eos_token_id=2,
        hidden_size=64,
        intermediate_size=64,
    )
    return folder


@lru_cache
def _byte_characters() -> dict[int, str]:
    """The printable character that byte-level BPE writes for each byte (GPT-2's)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    characters = {byte: chr(byte) for byte in printable}
    others = (byte for byte in range(256) if byte not in characters)
    return characters | {byte: chr(256 + n) for n, byte in enumerate(others)}


def _byte_vocabulary() -> dict[str, int]:
    return {character: byte for byte, character in _byte_characters().items()}


def _write_tokenizer(folder: Path, tokenizer: Tokenizer, eos_token: str) -> None:
    from transformers import PreTrainedTokenizerFast

    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    )
    tokenizer.decoder = decoders.ByteLevel()
    folder.mkdir(parents=True, exist_ok=True)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=eos_token,
        clean_up_tokenization_spaces=False,
    ).save_pretrained(folder)


def _write_config(
    folder: Path, *, stop_token_ids: Sequence[int] = (), **config: Any
) -> None:
    config = {
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "num_key_value_heads": 1,
        "head_dim": 64,
        "max_position_embeddings": MAX_MODEL_LEN,
        "dtype": "bfloat16",
        "tie_word_embeddings": True,
    } | config
    _write_json(folder / "config.json", config)
    _write_json(
        folder / "generation_config.json",
        {"eos_token_id": [config["eos_token_id"], *stop_token_ids]},
    )


def _write_json(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=2), encoding="utf-8")
