"""Put patches into vLLM's modules, and take them out again."""

import importlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .fingerprints import fingerprint
from .patches import Variant
from .releases import Release, Seam

logger = logging.getLogger("vllm.responses_fix")


class ChangedSourceError(Exception):
    """vLLM's code is not what the patches were written for."""


@dataclass(frozen=True)
class Substitution:
    """An attribute of a module or class that holds something else now."""

    holder: Any
    attribute: str
    original: Any
    substitute: Any

    def do(self) -> None:
        setattr(self.holder, self.attribute, self.substitute)

    def undo(self) -> None:
        if vars(self.holder)[self.attribute] is self.substitute:
            setattr(self.holder, self.attribute, self.original)
        else:
            logger.warning(
                "%s.%s was replaced once more after vllm-responses-fix; it is left "
                "as it is.",
                self.holder.__name__,
                self.attribute,
            )


def check_seams(variants: Iterable[Variant], release: Release) -> None:
    """Compare vLLM's functions with those the patches were written for.

    Raises:
        ChangedSourceError: says which function differs, and how.
    """
    for name in dict.fromkeys(name for code in variants for name in code.seams):
        seam = release.seams[name]
        try:
            holder, attribute = locate(seam)
            function = vars(holder)[attribute]
            found = fingerprint(function)
        except (ImportError, AttributeError, KeyError) as error:
            raise ChangedSourceError(f"{seam} is missing ({error!r})") from error
        except (OSError, TypeError) as error:
            raise ChangedSourceError(f"{seam} has no source to check") from error
        if found != seam.fingerprint:
            raise ChangedSourceError(
                f"{seam} is not the code this kit knows "
                f"(fingerprint {found}, known {seam.fingerprint})"
            )
        for module in seam.imported_into:
            try:
                importer = importlib.import_module(module)
            except ImportError as error:
                raise ChangedSourceError(f"{module} is missing ({error!r})") from error
            if vars(importer).get(attribute) is not function:
                raise ChangedSourceError(f"{module} has another {attribute}")


def apply_patches(variants: Iterable[Variant], release: Release) -> list[Substitution]:
    """Put the patches in, in their order: a later one may wrap what an earlier put in.

    Returns:
        What was done, for `undo_all`.

    Raises:
        Exception: whatever a patch's code raises when it is imported; nothing is
            changed then.
    """
    done: list[Substitution] = []
    try:
        for variant in variants:
            for substitution in _substitutions(variant, release.seams):
                substitution.do()
                done.append(substitution)
    except BaseException:
        undo_all(done)
        raise
    return done


def undo_all(substitutions: Sequence[Substitution]) -> None:
    """Put back the very objects that were there."""
    for substitution in reversed(substitutions):
        substitution.undo()


def _substitutions(
    variant: Variant, seams: Mapping[str, Seam]
) -> Iterator[Substitution]:
    code = importlib.import_module(variant.module)
    for name in (*variant.replaces, *variant.wraps):
        seam = seams[name]
        holder, attribute = locate(seam)
        original = vars(holder)[attribute]
        if name in variant.wraps:
            substitute = getattr(code, variant.wraps[name])(original)
        else:
            substitute = getattr(code, name)
        yield Substitution(holder, attribute, original, substitute)
        for module in seam.imported_into:
            importer = importlib.import_module(module)
            yield Substitution(importer, attribute, original, substitute)


def locate(seam: Seam) -> tuple[Any, str]:
    """The module or class that a seam is an attribute of, and its name there."""
    *path, attribute = seam.qualname.split(".")
    holder: Any = importlib.import_module(seam.module)
    for name in path:
        holder = getattr(holder, name)
    return holder, attribute
