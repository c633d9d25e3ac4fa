"""What a patch stands on: the code of vLLM that it replaces, wraps or counts on.

Nothing here asks for a version. A function that is replaced has to be known as a whole,
as replacing unknown code would lose what upstream has done there. Of a function that a
patch merely relies on, only the statements that mention what it counts on have to be
known: the rest of it may change.
"""

import ast
import hashlib
import inspect
import linecache
import textwrap
from collections.abc import Collection, Iterator
from types import CodeType
from typing import Any

# Context says nothing that the tree does not; `kind` is the spelling of a string.
_IGNORED_FIELDS = frozenset({"ctx", "kind", "type_comment"})
_DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# The nodes that have a name: a variable, an attribute, a parameter, an argument.
_NAMED = {ast.Name: "id", ast.Attribute: "attr", ast.arg: "arg", ast.keyword: "arg"}
_BLOCKS = frozenset({"body", "orelse", "finalbody", "handlers", "cases"})


def tree_of(function: Any) -> ast.stmt:
    """The syntax tree of a function.

    Raises:
        OSError, TypeError: there is no Python source to be read.
    """
    try:
        return _parsed(_lines_of(function))
    except (AttributeError, IndexError, SyntaxError):
        # `inspect` would look through a wrapper and show the source of what is inside.
        if hasattr(function, "__wrapped__"):
            function = function.__code__
        return _parsed(inspect.getsource(function))


def _parsed(source: str) -> ast.stmt:
    source = textwrap.dedent(source)
    try:
        return ast.parse(source).body[0]
    except SystemError:
        # CPython 3.11 may take garbage collection in the middle of it for a mistake of
        # its own ("recursion depth mismatch"). What was garbage then is gone now.
        return ast.parse(source).body[0]


def _lines_of(function: Any) -> str:
    """The source of a function, without reading it word by word as `inspect` does.

    It goes from the first line that its code knows to the last, and on to what is
    indented less than its body. What that may cut in two (a string, a bracket) is no
    Python then, and does not go unnoticed.
    """
    code = function.__code__
    lines = linecache.getlines(code.co_filename, function.__globals__)
    first = code.co_firstlineno - 1
    end = _last_line(code)
    indented = _indent(lines[first])
    while end < len(lines) and (
        not lines[end].strip() or _indent(lines[end]) > indented
    ):
        end += 1
    return "".join(lines[first:end])


def _last_line(code: CodeType) -> int:
    return max(
        *(line or 0 for _, _, line in code.co_lines()),
        *(_last_line(c) for c in code.co_consts if isinstance(c, CodeType)),
        code.co_firstlineno,
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def fingerprint(definition: ast.stmt) -> str:
    """16 hex digits that identify a definition.

    Comments, docstrings and formatting do not count, so that a build that only
    reformats vLLM is still known; any other change of the code does.
    """
    return _digest(_canonical(definition))


def statements_fingerprint(definition: ast.stmt, names: Collection[str]) -> str | None:
    """16 hex digits that identify the statements that mention some names.

    Of a compound statement that is its head; what is in its blocks counts by itself.
    None if there is no such statement. A name is mentioned as a variable, an attribute
    or an argument. The definition's own parameters are not looked at.
    """
    wanted = frozenset(names)
    _, *inside = _in_order(definition)
    heads = [
        _head(statement)
        for statement in inside
        if any(_mentions(part, wanted) for part in _own_parts(statement))
    ]
    return _digest(heads) if heads else None


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


def _mentions(part: ast.AST, names: frozenset[str]) -> bool:
    for node in ast.walk(part):
        field = _NAMED.get(type(node))
        if field is not None and getattr(node, field) in names:
            return True
    return False


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
