"""A tree of vLLM: a git checkout, or an installed package."""

import ast
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from vllm_responses_fix.fingerprints import fingerprint_source
from vllm_responses_fix.releases import RELEASES, Release, Seam


class UnknownTreeError(Exception):
    """There is no vLLM that the kit knows where one was expected."""


def package_root(path: Path) -> Path:
    """The folder that holds the package `vllm`, given itself or the package.

    Raises:
        UnknownTreeError: see there.
    """
    for folder in (path, path.parent):
        if (folder / "vllm" / "entrypoints").is_dir():
            return folder.resolve()
    raise UnknownTreeError(f"There is no vLLM in {path}")


def recognise(root: Path) -> str:
    """The release of vLLM that a tree is, by the sources of all seams.

    A checkout has no version of its own, and one that a package names says nothing of
    what was changed in it.

    Raises:
        UnknownTreeError: the tree is no release that the kit knows.
    """
    reasons = []
    for version, release in reversed(RELEASES.items()):
        changed = next(_changed_seams(root, release), None)
        if changed is None:
            return version
        reasons.append(f"{version}: {changed}")
    raise UnknownTreeError(
        f"{root} has the source of no release that the kit knows; what differs first: "
        + "; ".join(reasons)
    )


def _changed_seams(root: Path, release: Release) -> Iterator[Seam]:
    sources: dict[str, Mapping[str, str]] = {}
    for seam in release.seams.values():
        if seam.module not in sources:
            sources[seam.module] = _functions(root, seam.module)
        source = sources[seam.module].get(seam.qualname)
        if source is None or fingerprint_source(source) != seam.fingerprint:
            yield seam


def _functions(root: Path, module: str) -> Mapping[str, str]:
    """The source of every function of a module and of its classes, by qualname."""
    path = root.joinpath(*module.split(".")).with_suffix(".py")
    if not path.is_file():
        return {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {}
    for prefix, body in [
        ("", tree.body),
        *(
            (f"{node.name}.", node.body)
            for node in tree.body
            if isinstance(node, ast.ClassDef)
        ),
    ]:
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found[prefix + node.name] = ast.unparse(node)
    return found


def overlay(root: Path, folder: Path, files: Iterable[str]) -> None:
    """Make a copy of a tree in which some files may be written to.

    All else is linked to: a package has hundreds of megabytes of binaries.

    Args:
        root: the folder that holds the package.
        folder: where to make the copy.
        files: paths of the files that are copied, below `root`.
    """
    copied = {Path(name) for name in files}
    real = {parent for name in copied for parent in name.parents}
    for relative in sorted(real):
        (folder / relative).mkdir(parents=True, exist_ok=True)
        if relative == Path("."):
            continue
        for entry in os.scandir(root / relative):
            inside = relative / entry.name
            if inside in real or entry.name == "__pycache__":
                continue
            target = folder / inside
            if inside in copied:
                target.write_bytes(Path(entry.path).read_bytes())
            else:
                target.symlink_to(entry.path)
