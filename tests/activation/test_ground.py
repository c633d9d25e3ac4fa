"""A function's source is read as `inspect` reads it, only faster."""

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from vllm_responses_fix.ground import fingerprint, statements_fingerprint, tree_of
from vllm_responses_fix.places import PLACES, locate

pytestmark = pytest.mark.kit_alone


def text_at_the_margin() -> str:
    return """
left of the function
"""


def call_at_the_margin() -> list[int]:
    # fmt: off
    return sorted([
3, 2, 1,
])
    # fmt: on


@functools.cache
@functools.cache
def decorated() -> int:
    return 1


def ends_without_code(given: int) -> int:
    if given:
        return 1
    return 2
    # The last statement is one that compiles to nothing.
    pass


def with_another_inside() -> Callable[[], int]:
    def inside() -> int:
        return 1

    return inside


def next_to(given: int) -> int: return given  # fmt: skip


def of_one_line(given: int) -> int: return given  # fmt: skip


@pytest.mark.parametrize(
    "function",
    [
        text_at_the_margin,
        call_at_the_margin,
        decorated.__wrapped__.__wrapped__,
        ends_without_code,
        with_another_inside,
        next_to,
        of_one_line,
    ],
    ids=lambda function: function.__name__,
)
def test_a_function_is_read_whole(function: Any) -> None:
    assert fingerprint(tree_of(function)) == fingerprint(_as_inspect_reads(function))


def test_all_that_a_patch_stands_on_is_read_whole(stock: None) -> None:
    read = 0
    for place in PLACES:
        try:
            holder, attribute = locate(place)
        except (ImportError, AttributeError, KeyError):
            continue
        function = vars(holder)[attribute]
        # What is wrapped may be a class method.
        function = getattr(function, "__func__", function)
        assert fingerprint(tree_of(function)) == fingerprint(
            _as_inspect_reads(function)
        )
        read += 1
    assert read > len(PLACES) / 2


def test_no_statement_mentions_a_name() -> None:
    assert statements_fingerprint(tree_of(with_another_inside), ["given"]) is None
    assert statements_fingerprint(tree_of(ends_without_code), ["given"]) is not None


def _as_inspect_reads(function: Any) -> Any:
    return ast.parse(textwrap.dedent(inspect.getsource(function.__code__))).body[0]
