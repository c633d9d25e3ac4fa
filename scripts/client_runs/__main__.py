"""Client libraries hold ten turns with tools; run by scripts/clients.sh.

Prints how far each came, by id and with its own replay, and exits with 1 if one did not
hold all turns.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests")]

from harness.platform import prepare_vllm  # noqa: E402

prepare_vllm()

from harness.app import ServerFactory, environment  # noqa: E402
from harness.model_folder import write_chat_model  # noqa: E402
from harness.vllm_compat import VERSION  # noqa: E402

import vllm_responses_fix  # noqa: E402

from .holding import hold  # noqa: E402
from .libraries import LIBRARIES  # noqa: E402
from .outcome import Outcome, table, write_outcomes  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/clients.sh")
    parser.add_argument("--results", type=Path, metavar="FILE")
    parser.add_argument(
        "clients", nargs="+", metavar="NAME=FOLDER", help="FOLDER is its environment"
    )
    options = parser.parse_args()
    # A request that the server refuses is among what is printed at the end.
    logging.disable(logging.ERROR)
    print(vllm_responses_fix.install().summary(), file=sys.stderr)
    folders = dict(client.split("=", 1) for client in options.clients)
    outcomes = asyncio.run(hold_all(folders))
    if options.results:
        write_outcomes(options.results, VERSION, outcomes)
    print(table({VERSION: outcomes}))
    return 0 if all(outcome.is_whole for outcome in outcomes) else 1


async def hold_all(folders: dict[str, str]) -> list[Outcome]:
    """Let libraries hold the conversation in each of their ways."""
    outcomes = []
    with tempfile.TemporaryDirectory() as model, environment():
        factory = ServerFactory(write_chat_model(Path(model) / "model"))
        for name, library in LIBRARIES.items():
            if name not in folders:
                continue
            with library.command(Path(folders[name])) as command:
                for way in library.ways:
                    held = await hold(factory, command, way)
                    outcomes.append(Outcome(name, library.version, way, *held))
                    by_id, replay = held
                    said = f"by id {by_id}, own replay {replay}"
                    print(f"clients: {name}, {way}: {said}", file=sys.stderr)
    return outcomes


if __name__ == "__main__":
    sys.exit(main())
