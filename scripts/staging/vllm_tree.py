"""A tree of vLLM: a git checkout, or an installed package."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from fingerprints import definition

from vllm_responses_fix.fingerprints import fingerprint_tree
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
    for seam in release.seams.values():
        found = definition(root, seam)
        if found is None or fingerprint_tree(found) != seam.fingerprint:
            yield seam


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
            target = folder / inside
            if inside in real:
                continue
            if entry.name == "__pycache__":
                _link_compiled(Path(entry.path), target, copied)
                continue
            if inside in copied:
                target.write_bytes(Path(entry.path).read_bytes())
            else:
                target.symlink_to(entry.path)


def _link_compiled(cache: Path, target: Path, copied: Iterable[Path]) -> None:
    """Link what Python has compiled, but of files that are going to change."""
    stems = {path.stem for path in copied}
    target.mkdir()
    for entry in cache.iterdir():
        if entry.name.partition(".")[0] not in stems:
            (target / entry.name).symlink_to(entry)
