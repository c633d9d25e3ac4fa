"""The client libraries, and how their programs are started."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PROGRAMS = Path(__file__).resolve().parent.parent / "clients"
PINS = PROGRAMS / "pins"


def _get_weather(city: str) -> tuple[str, Any]:
    return "get_weather", {"city": city}


def _shell(city: str) -> tuple[str, Any]:
    # What it prints is not in the call.
    return "exec_command", {"cmd": f"echo {city}: $((-{len(city)})) degrees"}


@dataclass(frozen=True)
class Library:
    """A client library.

    Attributes:
        name: of its program, and of the file that pins its packages.
        package: the one whose version says what was tried.
        ways: how the program can ask.
        call_for: the call of a function of the program that says the weather of a city.
        chains: whether it can continue by id.
        replay_ends: a part of what it says instead of replaying a conversation; empty
            if it can replay one.
    """

    name: str
    package: str
    ways: tuple[str, ...] = ("plain", "streamed")
    call_for: Callable[[str], tuple[str, Any]] = _get_weather
    chains: bool = True
    replay_ends: str = ""

    @property
    def version(self) -> str:
        """The version that is pinned."""
        if self.is_node:
            lock = json.loads((PINS / f"{self.name}.json").read_text())
            return lock["packages"][f"node_modules/{self.package}"]["version"]
        pins = (PINS / f"{self.name}.txt").read_text().splitlines()
        (pin,) = (line for line in pins if line.startswith(f"{self.package}=="))
        return pin.partition("==")[2]

    @property
    def is_node(self) -> bool:
        return (PROGRAMS / f"{self.name}.mjs").exists()

    @property
    def has_methods(self) -> bool:
        """Whether there is a program for what is done with stored responses."""
        return (PROGRAMS / f"{self.name}-methods.mjs").exists()

    @contextmanager
    def command(self, folder: Path, suffix: str = "") -> Iterator[Sequence[str]]:
        """The command that runs the program, with the library in `folder`.

        Args:
            suffix: of the program's name.
        """
        if not self.is_node:
            program = PROGRAMS / f"{self.name}{suffix}.py"
            yield [str(folder / "bin" / "python"), str(program)]
            return
        # Node looks for packages beside the program, and nowhere else.
        with TemporaryDirectory() as place:
            for program in PROGRAMS.glob("*.mjs"):
                shutil.copy(program, place)
            modules = folder / "node_modules"
            (Path(place) / "node_modules").symlink_to(modules.resolve())
            yield [
                str(folder / "bin" / "node"),
                str(Path(place) / f"{self.name}{suffix}.mjs"),
            ]


_WITH_HELPER = ("plain", "streamed", "helper")
LIBRARIES = {
    library.name: library
    for library in (
        Library("openai-python", "openai", _WITH_HELPER),
        Library("openai-agents", "openai-agents"),
        Library("pydantic-ai", "pydantic-ai-slim"),
        Library(
            "agent-framework",
            "agent-framework-openai",
            # It wants reasoning encrypted, and vLLM writes none.
            replay_ends="Stateless replay cannot reconstruct reasoning",
        ),
        Library("langchain-openai", "langchain-openai"),
        Library("litellm-vllm", "litellm"),
        Library("openai-node", "openai", _WITH_HELPER),
        Library("ai-sdk", "@ai-sdk/openai"),
        Library("openai-agents-js", "@openai/agents"),
        Library("codex", "@openai/codex", ("streamed",), _shell, chains=False),
    )
}
