"""A model folder whose vocabulary is as large as that of a real model."""

import json
from pathlib import Path

from harness.model_folder import END_OF_TURN, write_chat_model
from harness.vocabulary import FILE_NAME, prepare_vocabulary
from transformers.convert_slow_tokenizer import TikTokenConverter


def write_model(folder: Path) -> Path:
    """Write the folder; with one token for every byte, as the tests' models have, all
    that vLLM does for each token of a prompt would count three times.
    """
    write_chat_model(folder)
    converter = TikTokenConverter()
    vocabulary, merges = converter.extract_vocab_merges_from_model(
        str(prepare_vocabulary() / FILE_NAME)
    )
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    tokenizer["model"] |= {"vocab": vocabulary, "merges": merges}
    tokenizer["pre_tokenizer"]["use_regex"] = True
    for token_id, token in enumerate(tokenizer["added_tokens"], len(vocabulary)):
        token["id"] = token_id
        if token["content"] == END_OF_TURN:
            end = {"eos_token_id": token_id}
    size = {"vocab_size": len(vocabulary) + len(tokenizer["added_tokens"])}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), "utf-8")
    for name, changed in {"config": end | size, "generation_config": end}.items():
        file = folder / f"{name}.json"
        content = json.loads(file.read_text("utf-8"))
        file.write_text(json.dumps(content | changed), "utf-8")
    return folder
