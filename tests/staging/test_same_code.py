"""The series has the code of the kit, and nothing else in its place."""

import pytest
from kit_code import helpers, kit_module, vllm_code
from staged_series import Staged

from vllm_responses_fix.places import PLACES


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
    staged: Staged, patched: dict[str, list[list[str]]]
) -> None:
    patches = staged.chosen.patches
    wrapped = {ground.place for _, variant in patches for ground in variant.wraps}
    for patch, variant in patches:
        for place in (ground.place for ground in variant.replaces):
            owner = kit_module(patch.module(variant)).owner(place)
            assert owner is not None
            ours, places = owner.code[place], patched[PLACES[place][1]]
            if place in wrapped:
                # The wrapper's statements are in it, too.
                places = [lines[: len(ours)] for lines in places]
            assert ours in places, place


def test_what_wraps_a_function(
    staged: Staged, patched: dict[str, list[list[str]]]
) -> None:
    for patch, variant in staged.chosen.patches:
        for ground in variant.wraps:
            owner = kit_module(patch.module(variant)).owner(ground.by)
            assert owner is not None
            (place,) = patched[PLACES[ground.place][1]]
            lines = iter(place)
            for statement in owner.wrapper_lines(ground.by):
                assert statement in lines, f"{statement} is not in {ground.place}"


def test_helpers(staged: Staged, patched: dict[str, list[list[str]]]) -> None:
    for patch, variant in staged.chosen.patches:
        functions = (
            *(ground.place for ground in variant.replaces),
            *(ground.by for ground in variant.wraps),
        )
        for owner, name in helpers(patch.module(variant), functions):
            if name == "logger":
                continue  # vLLM's file has its own
            for qualname, lines in owner.code.items():
                if qualname == name or qualname.startswith(f"{name}."):
                    assert lines in patched.get(qualname, []), qualname
