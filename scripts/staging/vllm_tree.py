"""A tree of vLLM: a git checkout, or an installed package."""

import os
from collections.abc import Iterable
from pathlib import Path


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
