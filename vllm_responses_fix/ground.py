"""What a patch stands on: the code of vLLM that it replaces, wraps or counts on.

Nothing here asks for a version. A function that is replaced has to be known as a whole,
as replacing unknown code would lose what upstream has done there. Of a function that a
patch merely relies on, only the statements that mention what it counts on have to be
known: the rest of it may change.
"""

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Collection, Iterator
from typing import Any

# Context says nothing that the tree does not; `kind` is the spelling of a string.
_IGNORED_FIELDS = frozenset({"ctx", "kind", "type_comment"})
_DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BLOCKS = frozenset({"body", "orelse", "finalbody", "handlers", "cases"})


def tree_of(function: Any) -> ast.stmt:
    """The syntax tree of a function.

    Raises:
        OSError, TypeError: there is no Python source to be read.
    """
    # `inspect` would look through a wrapper and show the source of what is inside.
    if hasattr(function, "__wrapped__"):
        function = function.__code__
    source = textwrap.dedent(inspect.getsource(function))
    try:
        return ast.parse(source).body[0]
    except SystemError:
        # CPython 3.11 may take garbage collection in the middle of it for a mistake of
        # its own ("recursion depth mismatch"). What was garbage then is gone now.
        return ast.parse(source).body[0]


def fingerprint(definition: ast.stmt) -> str:
    """16 hex digits that identify a definition.

    Comments, docstrings and formatting do not count, so that a build that only
    reformats vLLM is still known; any other change of the code does.
    """
    return _digest(_canonical(definition))


def statements_fingerprint(definition: ast.stmt, names: Collection[str]) -> str:
    """16 hex digits that identify the statements that mention some names.

    Of a compound statement that is its head; what is in its blocks counts by itself.
    """
    return _digest([_head(s) for s in statements(definition, names)])


def statements(definition: ast.stmt, names: Collection[str]) -> Iterator[ast.stmt]:
    """The statements of a definition that mention one of some names, in order.

    A name is mentioned as a variable, an attribute or an argument. The definition's own
    parameters are not looked at.
    """
    wanted = frozenset(names)
    _, *inside = _in_order(definition)
    for statement in inside:
        if any(wanted & _names(part) for part in _own_parts(statement)):
            yield statement


def _in_order(statement: ast.AST) -> Iterator[ast.stmt]:
    if isinstance(statement, ast.stmt):
        yield statement
    for field, value in ast.iter_fields(statement):
        if field in _BLOCKS and isinstance(value, list):
            for child in value:
                yield from _in_order(child)


def _own_parts(statement: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement that are not statements of their own."""
    for field, value in ast.iter_fields(statement):
        if field in _BLOCKS and isinstance(value, list):
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                yield part


def _names(part: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(part):
        for field in ("id", "attr", "arg"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                found.add(name)
    return found


def _head(statement: ast.stmt) -> Any:
    return (
        type(statement).__name__,
        [_canonical(part) for part in _own_parts(statement)],
    )


def _digest(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def _canonical(node: Any) -> Any:
    # `ast.dump` would do, but what it leaves out differs between Python versions.
    if isinstance(node, ast.AST):
        fields = []
        for name, value in ast.iter_fields(node):
            if name == "body" and isinstance(node, _DOCUMENTED):
                value = _without_docstring(value)
            if name not in _IGNORED_FIELDS and value is not None and value != []:
                fields.append((name, _canonical(value)))
        return (type(node).__name__, *fields)
    if isinstance(node, list):
        return [_canonical(child) for child in node]
    return repr(node)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return body[1:] if isinstance(first.value.value, str) else body
    return body
