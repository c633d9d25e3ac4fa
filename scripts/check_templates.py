"""Hold the conversations of `verify` through the chat templates that vLLM ships.

    scripts/run.sh check_templates
    scripts/run.sh --release 0.33.0 check_templates

The templates are those of models that generate text, in the source distribution of the
release that is run, which is fetched from PyPI. vLLM's server runs over the scripted
engine, stock and with the kit. Exits with 1 if a chained prompt differs from the
replayed one with the kit.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tarfile
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from harness.platform import prepare_vllm  # noqa: E402

# What a template refuses is a result, not an error.
os.environ["VLLM_LOGGING_LEVEL"] = "CRITICAL"
prepare_vllm()

import vllm  # noqa: E402
from harness.app import CHAT_ARGS, ServerFactory, environment  # noqa: E402
from harness.model_folder import write_chat_model  # noqa: E402
from harness.vocabulary import cache_folder  # noqa: E402
from pip._internal.models.index import PyPI  # noqa: E402
from verify.models import able  # noqa: E402

import vllm_responses_fix  # noqa: E402
from vllm_responses_fix.verify.checks import CHECKS  # noqa: E402
from vllm_responses_fix.verify.run import Result, hold, prepare  # noqa: E402
from vllm_responses_fix.verify.server import CannotTell, Server  # noqa: E402

# Others are of models that embed, score or transcribe.
GENERATING = ("examples/*.jinja", "rust/src/chat/tests/templates/*.jinja")
# By the name of a switch: the results, or why there are none.
Found = dict[str, Sequence[Result] | str]
SWITCHES: dict[str, Callable[[], Any]] = {
    "stock": vllm_responses_fix.uninstall,
    "with the kit": vllm_responses_fix.install,
}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.parse_args()
    release = vllm.__version__.partition("+")[0]
    templates = chat_templates(release)
    with tempfile.TemporaryDirectory() as folder, environment():
        model = write_chat_model(Path(folder) / "model")
        return summary(release, asyncio.run(hold_all(model, templates)))


def chat_templates(release: str) -> Sequence[Path]:
    """The templates of a release, in the user's cache folder."""
    folder = cache_folder() / f"chat-templates-{release}"
    if not folder.exists():
        print(f"Fetching the templates of vLLM {release} ...", file=sys.stderr)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as work:
            unpacked = Path(work) / "templates"
            unpacked.mkdir()
            _unpack(_source_distribution(release, Path(work)), unpacked)
            unpacked.rename(folder)
    return sorted(folder.glob("*.jinja"))


def _source_distribution(release: str, folder: Path) -> Path:
    # pip would build it.
    wanted = {"Accept": "application/vnd.pypi.simple.v1+json"}
    index = os.environ.get("PIP_INDEX_URL", PyPI.simple_url).rstrip("/")
    asked = urllib.request.Request(f"{index}/vllm/", headers=wanted)
    with urllib.request.urlopen(asked) as page:
        files = {file["filename"]: file["url"] for file in json.load(page)["files"]}
    archive = folder / f"vllm-{release}.tar.gz"
    with (
        urllib.request.urlopen(files[archive.name]) as source,
        archive.open("wb") as written,
    ):
        shutil.copyfileobj(source, written)
    return archive


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as files:
        for member in files:
            path = member.name.partition("/")[2]
            # In fnmatch's patterns, "*" is for slashes as well.
            if any(
                fnmatch(path, pattern) and path.count("/") == pattern.count("/")
                for pattern in GENERATING
            ):
                content = files.extractfile(member)
                assert content is not None
                # Some have the time in their prompts, to the second.
                text = content.read().replace(b"%H:%M:%S", b"12:00:00")
                (folder / Path(path).name).write_bytes(text)


async def hold_all(model: Path, templates: Sequence[Path]) -> dict[Path, Found]:
    """What `verify` finds on servers with each of the templates."""
    results = {}
    for template in templates:
        factory = ServerFactory(model, (*CHAT_ARGS, f"--chat-template={template}"))
        found = {}
        for name, switch in SWITCHES.items():
            switch()
            found[name] = await _held(factory)
        states = "; ".join(f"{name}: {_count(held)}" for name, held in found.items())
        print(f"{template.stem:40} {states}", flush=True)
        results[template] = found
    return results


async def _held(factory: ServerFactory) -> Sequence[Result] | str:
    try:
        server = await factory.start()
    except Exception as error:  # a template may raise whatever it likes
        return f"the server does not start: {error}"
    server.engine.script = able

    def ask(url: str) -> Sequence[Result] | str:
        try:
            return list(hold(prepare(Server(url), None)))
        except CannotTell as error:
            return str(error)

    async with server.listening() as url:
        held = await asyncio.to_thread(ask, url)
    await server.close()
    return held


def _count(held: Sequence[Result] | str) -> str:
    if isinstance(held, str):
        return f"{len(CHECKS)} refused"
    states = Counter(result.state for result in held)
    return ", ".join(f"{number} {state}" for state, number in states.items())


def summary(release: str, results: dict[Path, Found]) -> int:
    """Print the totals, and what the kit does not hold; returns the exit code."""
    conversations = len(results) * len(CHECKS)
    print(f"\nvLLM {release}, {len(results)} templates, {conversations} conversations")
    for name in SWITCHES:
        held = [(t, r) for t, found in results.items() for r in _results(found[name])]
        states = Counter(result.state for _, result in held)
        equal, different = states["equal"], states["different"]
        refused = conversations - equal - different
        print(f"{name}: {equal} equal, {different} different, {refused} refused")
    # Those with the kit, which came last.
    for template, result in held:
        if result.state != "equal":
            said = result.remark or (result.difference and result.difference.where)
            print(f"  {template.stem}, {result.check.name}: {result.state}: {said}")
    for template, found in results.items():
        if isinstance(found[name], str):
            print(f"  {template.stem}: {found[name]}")
    return 1 if different else 0


def _results(held: Sequence[Result] | str) -> Sequence[Result]:
    return () if isinstance(held, str) else held


if __name__ == "__main__":
    sys.exit(main())
