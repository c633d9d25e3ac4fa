"""Put the code of a patch into vLLM's modules, and take it out again."""

import importlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from .patch import Patch, Variant
from .places import held_by, locate
from .validators import compiled_with_lookup, has_validator

logger = logging.getLogger("vllm.responses_fix")


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


def put_in(patch: Patch, variant: Variant) -> list[Substitution]:
    """Put the functions of a variant in the place of vLLM's.

    Returns:
        What was done, for `undo_all`.

    Raises:
        Exception: whatever the patch's code raises when it is imported; nothing is
            changed then.
    """
    done: list[Substitution] = []
    try:
        for substitution in _substitutions(patch, variant):
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


def _substitutions(patch: Patch, variant: Variant) -> Iterator[Substitution]:
    code = importlib.import_module(patch.module(variant))
    factories = {wrapped.place: wrapped.by for wrapped in variant.wraps}
    for place in variant.changed:
        holder, attribute = locate(place)
        original = vars(holder)[attribute]
        if place in factories:
            substitute = getattr(code, factories[place])(original)
        else:
            substitute = getattr(code, place)
        yield Substitution(holder, attribute, original, substitute)
        # Whoever imported a function by name has it still; a method nobody can.
        for module in held_by(attribute) if isinstance(holder, ModuleType) else ():
            if vars(module)[attribute] is original:
                yield Substitution(module, attribute, original, substitute)
        if has_validator(holder, attribute):
            # The model's compiled form has it, too.
            for name, compiled in compiled_with_lookup(holder, attribute).items():
                yield Substitution(holder, name, vars(holder)[name], compiled)
