"""Print what the model reads in the bug report's conversation, stock and with the kit.

    scripts/run.sh show_prompts [--turn 2]

Runs the conversation on vLLM's server over the scripted engine of the tests.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "http")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

from harness.app import ServerFactory, environment  # noqa: E402
from harness.model_folder import write_chat_model  # noqa: E402

from scripts.documents.prompts import TURNS, stock_and_patched  # noqa: E402


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    turns = range(1, TURNS + 1)
    arguments.add_argument("--turn", type=int, choices=turns, default=TURNS)
    turn = arguments.parse_args().turn
    with tempfile.TemporaryDirectory() as folder, environment():
        factory = ServerFactory(write_chat_model(Path(folder) / "model"))
        for name, prompts in asyncio.run(stock_and_patched(factory)).items():
            print(f"{name}:\n\n{prompts[turn - 1]}")


if __name__ == "__main__":
    main()
