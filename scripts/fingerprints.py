"""Print the fingerprint of each seam in a release of vLLM, and what changed in it.

    python scripts/fingerprints.py 0.34.0                   against the newest known
    python scripts/fingerprints.py 0.33.0 --against 0.32.0
    python scripts/fingerprints.py ~/src/vllm               a folder that has vllm/

Only sources are read, so no environment with the release is needed: pip fetches the
wheel, of which the Python files are kept in the user's cache folder.
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

from vllm_responses_fix.fingerprints import fingerprint_tree
from vllm_responses_fix.releases import RELEASES, Seam

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Fingerprints of the seams in a release of vLLM."
    )
    parser.add_argument("release", help="a version, or a folder that has vllm/")
    parser.add_argument(
        "--against",
        metavar="KNOWN",
        choices=RELEASES,
        help="a release the kit knows; default: the same one, or else the newest",
    )
    arguments = parser.parse_args()
    newest = list(RELEASES)[-1]
    known = arguments.against or (
        arguments.release if arguments.release in RELEASES else newest
    )
    new_sources = sources(arguments.release)
    for name, seam in RELEASES[known].seams.items():
        _describe(name, seam, new_sources, known)


def _describe(name: str, seam: Seam, new_sources: Path, known: str) -> None:
    found = definition(new_sources, seam)
    if found is None:
        print(f"{name:50} MISSING: {seam}")
        for place in _definitions_named(new_sources, seam.qualname.split(".")[-1]):
            print(f"{'':50}   is in {place}")
        return
    value = fingerprint_tree(found)
    if value == seam.fingerprint:
        print(f"{name:50} {value}")
    else:
        print(f"{name:50} {value} CHANGED: {seam}")
        before = definition(sources(known), seam)
        sys.stdout.writelines(
            difflib.unified_diff(
                _lines(before), _lines(found), known, new_sources.name, n=2
            )
        )
    attribute = seam.qualname.split(".")[-1]
    for module in seam.imported_into:
        if not _imports(new_sources, module, attribute):
            print(f"{'':50}   is no longer imported into {module}")


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


def definition(folder: Path, seam: Seam) -> _Definition | None:
    """The syntax tree of a seam, or None where the release has no such thing."""
    path = _file(folder, seam.module)
    if not path.exists():
        return None
    body: list[ast.stmt] = ast.parse(path.read_text()).body
    found: _Definition | None = None
    for name in seam.qualname.split("."):
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


def _imports(folder: Path, module: str, attribute: str) -> bool:
    tree = ast.parse(_file(folder, module).read_text())
    return any(
        alias.name == attribute
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )


def _file(folder: Path, module: str) -> Path:
    path = folder.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _lines(found: _Definition | None) -> list[str]:
    # Unparsed, so that only what counts for the fingerprint is shown.
    return ast.unparse(found).splitlines(keepends=True) if found is not None else []


if __name__ == "__main__":
    main()
