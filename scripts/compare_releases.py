"""What changed in a release of vLLM, in the functions that the kit stands on.

    scripts/run.sh compare_releases 0.34.0 --against 0.33.0
    scripts/run.sh compare_releases ~/src/vllm --against 0.33.0   a folder with vllm/

Only sources are read, so no environment with the release is needed: pip fetches the
wheel, of which the Python files are kept in the user's cache folder. What the kit makes
of the release says `vllm-responses-fix status` in an environment that has it.
"""

import argparse
import ast
import difflib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vllm_responses_fix.ground import fingerprint
from vllm_responses_fix.places import PLACES, full_name

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def main() -> None:
    parser = argparse.ArgumentParser(
        description="What changed in the functions of vLLM that the kit stands on."
    )
    parser.add_argument("release", help="a version, or a folder that has vllm/")
    parser.add_argument("--against", metavar="KNOWN", required=True, help="the same")
    arguments = parser.parse_args()
    new_sources, old_sources = sources(arguments.release), sources(arguments.against)
    for place in PLACES:
        _describe(place, new_sources, old_sources)


def _describe(place: str, new_sources: Path, old_sources: Path) -> None:
    new, old = definition(new_sources, place), definition(old_sources, place)
    if new is None and old is None:
        return
    if new is None:
        print(f"{place:50} MISSING: {full_name(place)}")
        for found in _definitions_named(new_sources, PLACES[place][1].split(".")[-1]):
            print(f"{'':50}   is in {found}")
        return
    value = fingerprint(new)
    if old is not None and fingerprint(old) == value:
        print(f"{place:50} {value}")
        return
    print(f"{place:50} {value} {'CHANGED' if old else 'NEW'}: {full_name(place)}")
    sys.stdout.writelines(
        difflib.unified_diff(
            _lines(old), _lines(new), old_sources.name, new_sources.name, n=2
        )
    )


def sources(release: str) -> Path:
    """The folder that has the Python files of a release.

    Raises:
        subprocess.CalledProcessError: pip could not fetch it, and says why.
    """
    if not re.fullmatch(r"\d+(\.\w+)+", release):
        return Path(release).expanduser()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "vllm-responses-fix" / "sources" / release
    if not folder.exists():
        _fetch(release, folder)
    return folder


def _fetch(release: str, folder: Path) -> None:
    print(f"fetching the sources of vLLM {release} ...", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as wheels:
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir"]
        options = ["--only-binary", ":all:", "--dest", wheels, f"vllm=={release}"]
        subprocess.run([*pip, *options], check=True, stdout=sys.stderr)
        (wheel,) = Path(wheels).glob("*.whl")
        unpacked = Path(wheels) / "unpacked"
        with ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.endswith(".py")]
            archive.extractall(unpacked, names)
        unpacked.rename(folder)


def definition(folder: Path, place: str) -> _Definition | None:
    """The syntax tree of a place, or None where the release has no such thing."""
    module, qualname = PLACES[place]
    path = _file(folder, module)
    if not path.exists():
        return None
    body: list[ast.stmt] = ast.parse(path.read_text()).body
    found: _Definition | None = None
    for name in qualname.split("."):
        matches = [
            node for node in body if isinstance(node, _Definition) and node.name == name
        ]
        if not matches:
            return None
        found = matches[-1]
        body = found.body
    return found


def _definitions_named(folder: Path, name: str) -> Iterator[str]:
    for path in sorted((folder / "vllm").rglob("*.py")):
        text = path.read_text()
        if re.search(rf"\bdef {name}\b", text):
            line = text[: text.index(f"def {name}")].count("\n") + 1
            yield f"{path.relative_to(folder)}:{line}"


def _file(folder: Path, module: str) -> Path:
    path = folder.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _lines(found: _Definition | None) -> list[str]:
    # Unparsed, so that only what counts for the fingerprint is shown.
    return ast.unparse(found).splitlines(keepends=True) if found is not None else []


if __name__ == "__main__":
    main()
