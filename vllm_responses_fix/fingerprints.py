"""Fingerprints of source code that do not change with layout or Python version."""

import ast
import hashlib
import inspect
import textwrap
from typing import Any

# Context says nothing that the tree does not; `kind` is the spelling of a string.
_IGNORED_FIELDS = frozenset({"ctx", "kind", "type_comment"})
_DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def fingerprint(function: Any) -> str:
    """16 hex digits that identify the syntax tree of a function.

    Comments, docstrings and formatting do not count, so that a build that only
    reformats vLLM is still known; any other change of the code does.

    Raises:
        OSError, TypeError: there is no Python source to be read.
    """
    # `inspect` would look through a wrapper and show the source of what is inside.
    if hasattr(function, "__wrapped__"):
        function = function.__code__
    source = textwrap.dedent(inspect.getsource(function))
    return fingerprint_tree(_parse(source).body[0])


def _parse(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SystemError:
        # CPython 3.11 may take garbage collection in the middle of it for a mistake of
        # its own ("recursion depth mismatch"). What was garbage then is gone now.
        return ast.parse(source)


def fingerprint_tree(definition: ast.stmt) -> str:
    """`fingerprint` of a definition in a syntax tree."""
    return hashlib.sha256(repr(_canonical(definition)).encode()).hexdigest()[:16]


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
