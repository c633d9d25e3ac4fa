"""What making and trying a series needs, asked before anything else."""

import contextlib
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

_MODULES = {
    "vllm": "whose requirements the staged tests need",
    "openai_harmony": "for the tests of gpt-oss",
    "pytest": "to run the staged tests",
    "libcst": "to write the patches into vLLM's files",
    "ruff": "to sort their imports",
}


def missing() -> list[str]:
    """What this Python lacks, a line each."""
    lacking = [*_modules()]
    if shutil.which("git") is None:
        lacking.append("the program git, to write the patches")
    return lacking or [*_vocabulary()]


def _modules() -> Iterator[str]:
    for name, what_for in _MODULES.items():
        if find_spec(name) is None:
            yield f"the package {name}, {what_for} ({sys.executable})"


def _vocabulary() -> Iterator[str]:
    # Behind the others: tests/ has a folder "staging", too.
    sys.path.append(str(Path(__file__).resolve().parents[2] / "tests"))
    from harness.vocabulary import FILE_NAME, VocabularyError, prepare_vocabulary

    # Without the package that carries it, Harmony fetches it itself.
    with contextlib.suppress(VocabularyError):
        prepare_vocabulary()
    from openai_harmony import HarmonyError, load_harmony_encoding

    try:
        load_harmony_encoding("HarmonyGptOss")
    except HarmonyError as error:
        yield (
            f"Harmony's vocabulary ({error}): install quicktok-v1, or let "
            f"TIKTOKEN_ENCODINGS_BASE name a folder that has {FILE_NAME}"
        )
