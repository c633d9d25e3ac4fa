"""A wrapper of the kit becomes part of the function that it wraps.

In one of four ways, which are the same to a caller:

- what a wrapper does with the arguments first is put at the head;
- `return original(...) or more` takes the place of the final `return None`;
- what a wrapper does with the result is put before the only `return`;
- otherwise the function is renamed, with an underscore before its name (as vLLM's
  `create_responses` has its `_create_responses`), and the wrapper takes its name.
"""

from collections.abc import Sequence
from typing import Any

import libcst as cst
import libcst.matchers as m

_ORIGINAL = m.Call(func=m.Name("original"))


def inner_function(factory: cst.FunctionDef) -> cst.FunctionDef:
    """The wrapper that a factory returns, with the factory's docstring."""
    body = list(factory.body.body)
    (inner,) = (node for node in body if isinstance(node, cst.FunctionDef))
    docstring = body[0] if _is_docstring(body[0]) else None
    statements = list(inner.body.body)
    if docstring is not None:
        statements.insert(0, docstring)
    return inner.with_changes(
        decorators=[], body=inner.body.with_changes(body=statements)
    )


def inline(
    old: cst.FunctionDef, wrapper: cst.FunctionDef, in_class: bool
) -> Sequence[cst.FunctionDef]:
    """A function with its wrapper written into it, or both beside each other."""
    for way in (_at_head, _instead_of_none, _before_return):
        new = way(old, wrapper)
        if new is not None:
            return [new]
    return _beside(old, wrapper, in_class)


def method_call(call: cst.Call, name: str) -> cst.Call:
    """`name(self, ...)` as `self.name(...)`."""
    return call.with_changes(
        func=cst.Attribute(cst.Name("self"), cst.Name(name)), args=call.args[1:]
    )


def _at_head(old: cst.FunctionDef, wrapper: cst.FunctionDef) -> Any:
    statements = _statements(wrapper)
    *before, last = statements
    if not m.matches(last, m.SimpleStatementLine([m.Expr(_ORIGINAL)])) or any(
        m.findall(statement, m.Name("original")) for statement in before
    ):
        return None
    changed = [
        arg
        for arg in last.body[0].value.args
        if arg.keyword and not m.matches(arg.value, m.Name(arg.keyword.value))
    ]
    assignments = [
        cst.SimpleStatementLine(
            [cst.Assign([cst.AssignTarget(cst.Name(arg.keyword.value))], arg.value)],
            leading_lines=last.leading_lines,
        )
        for arg in changed
    ]
    body = list(old.body.body)
    start = 1 if _is_docstring(body[0]) else 0
    return _with_body(old, [*body[:start], *before, *assignments, *body[start:]])


def _instead_of_none(old: cst.FunctionDef, wrapper: cst.FunctionDef) -> Any:
    statements = _statements(wrapper)
    returned = m.Return(m.BooleanOperation(left=_ORIGINAL, operator=m.Or()))
    body = list(old.body.body)
    none = m.SimpleStatementLine([m.Return(m.Name("None"))])
    if (
        len(statements) != 1
        or not m.matches(statements[0], m.SimpleStatementLine([returned]))
        or not m.matches(body[-1], none)
        or len(m.findall(old, m.Return(m.Name("None")))) != 1
    ):
        return None
    more = statements[0].body[0].value.right
    last = body[-1].with_changes(body=[cst.Return(more)])
    return _with_body(old, [*body[:-1], last])


def _before_return(old: cst.FunctionDef, wrapper: cst.FunctionDef) -> Any:
    statements = _statements(wrapper)
    first, last = statements[0], statements[-1]
    call = m.SimpleStatementLine([m.Assign(value=_ORIGINAL)])
    if not m.matches(first, call):
        return None
    name = first.body[0].targets[0].target
    returned = m.SimpleStatementLine([m.Return(m.Name(name.value))])
    body = list(old.body.body)
    if (
        not m.matches(last, returned)
        or not m.matches(body[-1], returned)
        or len(_returns(old)) != 1
    ):
        return None
    return _with_body(old, [*body[:-1], *statements[1:-1], body[-1]])


def _beside(
    old: cst.FunctionDef, wrapper: cst.FunctionDef, in_class: bool
) -> Sequence[cst.FunctionDef]:
    name = f"_{old.name.value}"
    renamed = old.with_changes(name=cst.Name(name))
    call = _CallRenamed(old, name, in_class)
    # The signature that callers know, where the wrapper may have `*args`.
    outer = wrapper.visit(call).with_changes(
        params=old.params,
        returns=old.returns,
        decorators=old.decorators,
        leading_lines=[cst.EmptyLine()],
    )
    return [renamed, outer]


class _CallRenamed(cst.CSTTransformer):
    """`original(...)` becomes a call of the function under its new name."""

    def __init__(self, old: cst.FunctionDef, name: str, in_class: bool) -> None:
        self._name = name
        self._in_class = in_class
        self._parameters = [param.name.value for param in old.params.params]
        self._keywords = [param.name.value for param in old.params.kwonly_params]

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        if not m.matches(updated_node, _ORIGINAL):
            return updated_node
        plain = [arg for arg in updated_node.args if not arg.star]
        args = plain
        if len(plain) != len(updated_node.args):
            # Each of the rest by its name, as vLLM does it.
            rest = self._parameters[len(plain) :]
            args = [
                *plain,
                *(cst.Arg(cst.Name(name)) for name in rest),
                *(
                    cst.Arg(cst.Name(name), keyword=cst.Name(name))
                    for name in self._keywords
                ),
            ]
        call = cst.Call(cst.Name(self._name), args)
        return method_call(call, self._name) if self._in_class else call


class _Returns(cst.CSTVisitor):
    def __init__(self) -> None:
        self.found: list[cst.Return] = []

    def visit_Return(self, node: cst.Return) -> None:
        self.found.append(node)


def _returns(function: cst.FunctionDef) -> list[cst.Return]:
    visitor = _Returns()
    function.body.visit(visitor)
    return visitor.found


def _statements(function: cst.FunctionDef) -> list[Any]:
    body = list(function.body.body)
    return body[1:] if _is_docstring(body[0]) else body


def _is_docstring(statement: cst.CSTNode) -> bool:
    return m.matches(
        statement,
        m.SimpleStatementLine([m.Expr(m.SimpleString() | m.ConcatenatedString())]),
    )


def _with_body(function: cst.FunctionDef, body: Sequence[Any]) -> cst.FunctionDef:
    return function.with_changes(body=function.body.with_changes(body=body))
