"""A kit that knows only what there was before a release of vLLM."""

from dataclasses import replace

from vllm_responses_fix.patch import Patch, Variant


def knowing_up_to(patches: tuple[Patch, ...], release: str) -> tuple[Patch, ...]:
    """The patches without each source that was first seen after a release.

    Args:
        patches: the kit's.
        release: the last one that is known.
    """
    return tuple(
        replace(patch, variants=tuple(_older(v, release) for v in patch.variants))
        for patch in patches
    )


def _older(variant: Variant, release: str) -> Variant:
    return replace(
        variant,
        replaces=tuple(
            replace(ground, known=_seen_by(ground.known, release))
            for ground in variant.replaces
        ),
        relies_on=tuple(
            ground
            if ground.known is None
            else replace(ground, known=_seen_by(ground.known, release))
            for ground in variant.relies_on
        ),
    )


def _seen_by(known: "dict[str, str] | object", release: str) -> dict[str, str]:
    assert isinstance(known, dict)
    return {
        fingerprint: label
        for fingerprint, label in known.items()
        if _order(label) <= _order(release)
    }


def _order(release: str) -> tuple[int, ...]:
    return tuple(int(number) for number in release.split("."))
