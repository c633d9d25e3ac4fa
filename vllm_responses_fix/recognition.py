"""Is what a variant of a patch stands on there?"""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .ground import fingerprint, statements_fingerprint, tree_of
from .patch import ReliedOn, Replaced, Variant, Wrapped
from .places import full_name, locate


class UnknownGroundError(Exception):
    """vLLM's code is not what a patch was written for; says where, and how.

    Attributes:
        problems: one sentence for each function that differs.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def check_ground(variant: Variant) -> set[str]:
    """Compare vLLM's functions with those that a variant was written for.

    Returns:
        The releases whose sources it has, as far as they are known by their source.

    Raises:
        UnknownGroundError: see there.
    """
    seen_in: set[str] = set()
    problems: list[str] = []
    checks = (
        *(functools.partial(_check_replaced, ground) for ground in variant.replaces),
        *(functools.partial(_check_wrapped, ground) for ground in variant.wraps),
        *(functools.partial(_check_relied_on, ground) for ground in variant.relies_on),
    )
    for check in checks:
        try:
            seen_in.update(check())
        except UnknownGroundError as error:
            problems += error.problems
    if problems:
        raise UnknownGroundError(*problems)
    return seen_in


def _check_replaced(ground: Replaced) -> Iterator[str]:
    found = _read(ground.place, _fingerprint)
    if found not in ground.known:
        raise UnknownGroundError(
            f"{full_name(ground.place)} is not code this kit knows "
            f"(fingerprint {found}, {_labels(ground.known)})"
        )
    yield ground.known[found]


def _check_wrapped(ground: Wrapped) -> Iterator[str]:
    _check_parameters(ground.place, ground.parameters)
    yield from ()


def _check_relied_on(ground: ReliedOn) -> Iterator[str]:
    _check_parameters(ground.place, ground.parameters)
    if ground.known is not None:
        yield _known_statements(ground, ground.known)


def _known_statements(ground: ReliedOn, known: Mapping[str, str]) -> str:
    found = _read(ground.place, _statements_fingerprint, ground.names)
    if found is None:
        raise UnknownGroundError(
            f"{full_name(ground.place)} does nothing with {', '.join(ground.names)}"
        )
    if found not in known:
        raise UnknownGroundError(
            f"what {full_name(ground.place)} does with {', '.join(ground.names)} is "
            f"not what this kit knows (fingerprint {found}, {_labels(known)})"
        )
    return known[found]


def _labels(known: Mapping[str, str]) -> str:
    return "known: " + (", ".join(f"{f} of {v}" for f, v in known.items()) or "none")


def _function(place: str) -> Any:
    try:
        holder, attribute = locate(place)
    except (ImportError, AttributeError, KeyError) as error:
        raise UnknownGroundError(f"{full_name(place)} is missing") from error
    function = vars(holder)[attribute]
    return function.__func__ if isinstance(function, classmethod) else function


def _read(place: str, read: Callable[..., Any], *arguments: Any) -> Any:
    function = _function(place)
    try:
        return read(function, *arguments)
    except (OSError, TypeError) as error:
        raise UnknownGroundError(f"{full_name(place)} has no source to check") from (
            error
        )


# Several variants, and several patches, stand on the same functions.
@functools.cache
def _fingerprint(function: Any) -> str:
    return fingerprint(tree_of(function))


@functools.cache
def _statements_fingerprint(function: Any, names: tuple[str, ...]) -> str | None:
    return statements_fingerprint(tree_of(function), names)


def _check_parameters(place: str, names: tuple[str, ...]) -> None:
    function = _function(place)
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError) as error:
        raise UnknownGroundError(f"{full_name(place)} can't be wrapped") from error
    missing = [name for name in names if name not in parameters]
    if missing:
        raise UnknownGroundError(
            f"{full_name(place)} has no parameter {', '.join(missing)}"
        )
