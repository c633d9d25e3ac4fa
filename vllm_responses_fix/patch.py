"""What a patch is: the words, its variants, and the ground each of them stands on."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Replaced:
    """A function of vLLM whose place one of the kit takes.

    Attributes:
        place: its name in `vllm_responses_fix.places`, and that of the kit's function.
        known: fingerprints of its source (see `ground.fingerprint`), each with the
            release of vLLM that it was first seen in. Anything else is left alone, as
            the work of others that is not known would be lost.
    """

    place: str
    known: Mapping[str, str]


@dataclass(frozen=True)
class Wrapped:
    """A function of vLLM that one of the kit is put around.

    Attributes:
        place: its name in `vllm_responses_fix.places`.
        by: a function that is given the original and returns what takes its place.
        parameters: those that the wrapper touches. The rest may change.
    """

    place: str
    by: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class ReliedOn:
    """A function of vLLM that stays, and that a patch counts on.

    Attributes:
        place: its name in `vllm_responses_fix.places`.
        names: what a statement of it mentions that has to be known.
        known: fingerprints of these statements (see `ground.statements_fingerprint`),
            each with the release of vLLM that they were first seen in.
        parameters: those that it is called with.
    """

    place: str
    names: tuple[str, ...] = ()
    known: Mapping[str, str] | None = None
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Variant:
    """The code of a patch for one shape of vLLM.

    Attributes:
        name: the module with that code, in the folder of the patch.
        replaces: functions that give way.
        wraps: functions that are wrapped.
        relies_on: functions that stay.
    """

    name: str
    replaces: tuple[Replaced, ...] = ()
    wraps: tuple[Wrapped, ...] = ()
    relies_on: tuple[ReliedOn, ...] = ()

    @property
    def changed(self) -> tuple[str, ...]:
        """The places in which it puts something else."""
        replaced = tuple(ground.place for ground in self.replaces)
        return replaced + tuple(ground.place for ground in self.wraps)


@dataclass(frozen=True)
class Patch:
    """One fix that can be applied, switched off and removed by itself.

    Its folder holds the code of its variants and `probe.py`, whose `fault()` says in
    one sentence what is wrong with the vLLM that is running, or returns None.

    Attributes:
        package: the folder, for import.
        name: as in `VLLM_RESPONSES_FIX_DISABLE` and in `status`.
        what: what is different with it.
        why: what is wrong without it.
        upstream: issues and pull requests of vLLM.
        until: when the patch can go.
        variants: tried in this order; the first whose ground is there and that mends
            what the probe shows is the one.
        for_upstream: whether it is part of the series for vLLM.
    """

    package: str
    name: str
    what: str
    why: str
    upstream: tuple[str, ...]
    until: str
    variants: tuple[Variant, ...]
    for_upstream: bool = True

    @property
    def path(self) -> str:
        """Where it is: `chat`, `harmony` or `both` of vLLM's ways to a prompt."""
        return self.package.split(".")[-2]

    def module(self, variant: Variant) -> str:
        """The code of a variant, for import."""
        return f"{self.package}.{variant.name}"
