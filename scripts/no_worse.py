"""Look for what stock vLLM answers, and the kit does not, or to another prompt.

    scripts/run.sh no_worse [PARSER ...]
    scripts/run.sh --release 0.33.0 no_worse

Requests of all kinds and the turns that follow answers of all kinds, on servers with
both kinds of chat template, in Mistral's tokenizer mode, on gpt-oss, and with each tool
and reasoning parser that the release has (or those named). Prints what differs, with
the reason where it is meant to; exits with 1 if something is not.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests/http")]

from harness.platform import prepare_vllm  # noqa: E402
from harness.vocabulary import prepare_vocabulary  # noqa: E402

# What is refused is a result, not an error.
os.environ["VLLM_LOGGING_LEVEL"] = "CRITICAL"
prepare_vllm()
prepare_vocabulary()

import vllm  # noqa: E402
from every_request import REQUESTS  # noqa: E402
from harness.app import (  # noqa: E402
    CHAT_ARGS,
    MISTRAL_ARGS,
    ServerFactory,
    environment,
)
from harness.model_folder import (  # noqa: E402
    write_chat_model,
    write_harmony_model,
    write_mistral_model,
)
from no_worse import Difference, differences  # noqa: E402
from vllm.reasoning import ReasoningParserManager  # noqa: E402
from vllm.tool_parsers import ToolParserManager  # noqa: E402

# What a parser is asked for; the rest is as with any other.
_OF_PARSERS = {
    name: body for name, body in REQUESTS.items() if "tools" in body or "text" in body
}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("parsers", metavar="PARSER", nargs="*", help="default: all")
    named = arguments.parse_args().parsers
    with tempfile.TemporaryDirectory() as folder, environment():
        unmeant = asyncio.run(_compare_all(Path(folder), named))
    print(f"vLLM {vllm.__version__}: {unmeant} differences that are not meant")
    return int(unmeant > 0)


async def _compare_all(folder: Path, named: list[str]) -> int:
    parts = write_chat_model(folder / "parts", "openai")
    chat = write_chat_model(folder / "chat")
    servers = {
        ("chat", "contents as strings"): (chat, CHAT_ARGS),
        ("chat", "contents as parts"): (parts, CHAT_ARGS),
        ("mistral", "Mistral"): (
            write_mistral_model(folder / "mistral"),
            MISTRAL_ARGS,
        ),
        ("harmony", "gpt-oss"): (write_harmony_model(folder / "harmony"), ()),
    }
    unmeant = 0
    if not named:
        for (kind, name), (model, argv) in servers.items():
            factory = ServerFactory(model, argv)
            unmeant += _report(name, kind, await differences(factory))
    for name, argv in _parsers():
        if named and name not in named:
            continue
        try:
            factory = ServerFactory(chat, argv)
            found = await differences(factory, _OF_PARSERS)
        except Exception as error:  # a parser may want tokens this vocabulary lacks
            print(f"{name}: does not start: {error}", flush=True)
        else:
            unmeant += _report(name, f"chat, {name}", found)
    return unmeant


def _parsers() -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in ToolParserManager.list_registered():
        tools = ("--enable-auto-tool-choice", f"--tool-call-parser={name}")
        yield f"tools: {name}", tools
    for name in ReasoningParserManager.list_registered():
        yield f"reasoning: {name}", (*CHAT_ARGS[:2], f"--reasoning-parser={name}")


def _report(server: str, kind: str, found: list[Difference]) -> int:
    """Print what differs on a server; returns how much of it is not meant."""
    meant = Counter(filter(None, (difference.meant(kind) for difference in found)))
    unmeant = [difference for difference in found if not difference.meant(kind)]
    print(f"{server}: {len(unmeant)} differences", flush=True)
    for why, number in meant.items():
        print(f"  {number} are meant: {why}")
    for difference in unmeant:
        print(f"  {difference.name}", f"    stock: {difference.stock!r}", sep="\n")
        print(f"    kit:   {difference.kit!r}", flush=True)
    return len(unmeant)


if __name__ == "__main__":
    sys.exit(main())
