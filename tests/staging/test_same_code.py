"""The series has the code of the kit, and nothing else in its place."""

import pytest
from kit_code import helpers, kit_module, vllm_code
from staged_series import Staged

from vllm_responses_fix.patches import Variant, needed
from vllm_responses_fix.releases import RELEASES


@pytest.fixture
def variants(staged: Staged) -> list[Variant]:
    return [variant for _, variant in needed(RELEASES[staged.version].patches)]


@pytest.fixture(scope="module")
def patched(staged: Staged) -> dict[str, list[list[str]]]:
    """The definitions of the files that the series changes, by their last name."""
    code: dict[str, list[list[str]]] = {}
    for path in {path for step in staged.steps for path in step.files}:
        if path.startswith("vllm/"):
            for qualname, lines in vllm_code(staged.tree / path).items():
                for name in {qualname, qualname.rpartition(".")[2]}:
                    code.setdefault(name, []).append(lines)
    return code


def test_what_replaces_a_function(
    staged: Staged, variants: list[Variant], patched: dict[str, list[list[str]]]
) -> None:
    seams = RELEASES[staged.version].seams
    wrapped = {name for variant in variants for name in variant.wraps}
    for variant in variants:
        for name in variant.replaces:
            owner = kit_module(variant.module).owner(name)
            assert owner is not None
            ours, places = owner.code[name], patched[seams[name].qualname]
            if name in wrapped:
                # The wrapper's statements are in it, too.
                places = [place[: len(ours)] for place in places]
            assert ours in places, name


def test_what_wraps_a_function(
    staged: Staged, variants: list[Variant], patched: dict[str, list[list[str]]]
) -> None:
    seams = RELEASES[staged.version].seams
    for variant in variants:
        for name, factory in variant.wraps.items():
            owner = kit_module(variant.module).owner(factory)
            assert owner is not None
            (place,) = patched[seams[name].qualname]
            lines = iter(place)
            for statement in owner.wrapper_lines(factory):
                assert statement in lines, f"{statement} is not in {seams[name]}"


def test_helpers(variants: list[Variant], patched: dict[str, list[list[str]]]) -> None:
    for variant in variants:
        functions = (*variant.replaces, *variant.wraps.values())
        for owner, name in helpers(variant.module, functions):
            if name == "logger":
                continue  # vLLM's file has its own
            for qualname, lines in owner.code.items():
                if qualname == name or qualname.startswith(f"{name}."):
                    assert lines in patched.get(qualname, []), qualname
