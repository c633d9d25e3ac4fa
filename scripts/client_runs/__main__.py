"""Client libraries hold ten turns with tools; run by scripts/clients.sh.

Prints how far each came, by id and with its own replay, and exits with 1 if one did not
hold all turns, other than is known of it, or could not read, list, cancel and delete
what is stored.
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

from harness.app import environment  # noqa: E402
from harness.vllm_compat import VERSION  # noqa: E402

import vllm_responses_fix  # noqa: E402

from .holding import Holder  # noqa: E402
from .libraries import LIBRARIES  # noqa: E402
from .methods import try_methods  # noqa: E402
from .models import CHAT, MODELS  # noqa: E402
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
    outcomes, all_methods = asyncio.run(hold_all(folders))
    if options.results:
        write_outcomes(options.results, VERSION, outcomes)
    print(table({VERSION: outcomes}))
    all_as_known = all(
        outcome.is_as_known(LIBRARIES[outcome.library].replay_ends)
        for outcome in outcomes
    )
    return 0 if all_as_known and all_methods else 1


async def hold_all(folders: dict[str, str]) -> tuple[list[Outcome], bool]:
    """Let libraries hold the conversation in each of their ways.

    Returns:
        What came of it, and whether what else they can do went well.
    """
    outcomes = []
    problems = []
    libraries = [LIBRARIES[name] for name in LIBRARIES if name in folders]
    with tempfile.TemporaryDirectory() as place, environment():
        for model in MODELS:
            factory = model.factory(Path(place) / model.name)
            for library in libraries:
                name, folder = library.name, Path(folders[library.name])
                with library.command(folder) as command:
                    holder = Holder(factory, model, library, command)
                    for way in library.ways:
                        by_id, replay = await holder.hold(way)
                        outcomes.append(
                            Outcome(
                                name, library.version, way, model.name, by_id, replay
                            )
                        )
                        said = f"by id {by_id or 'never'}, own replay {replay}"
                        say(f"{name}, {way}, {model.name}: {said}")
                if library.has_methods and model is CHAT:
                    with library.command(folder, "-methods") as command:
                        problem = await try_methods(factory, command)
                    problems.append(problem)
                    say(f"{name}, stored responses: {problem or 'all right'}")
    return outcomes, not any(problems)


def say(line: str) -> None:
    print(f"clients: {line}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
