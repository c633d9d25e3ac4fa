"""The code of the kit and of a patched vLLM, comparable.

Read with `ast`, from the other side than the tool that makes the series. What differs
by design is taken out: `utils.name` of the kit is `name` in vLLM's file, a helper that
has `self` is a method, a class may be imported under another name. The types of
parameters and docstrings are not compared.
"""

import ast
import copy
import functools
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType

_Function = ast.FunctionDef | ast.AsyncFunctionDef
Code = Mapping[str, list[str]]
"""The lines of functions, methods, classes and constants, by qualified name."""


class KitModule:
    """A module below `vllm_responses_fix.patches`.

    Attributes:
        code: what it defines, as it is in vLLM's files.
    """

    def __init__(self, name: str) -> None:
        self._module = import_module(name)
        self._tree = ast.parse(Path(str(self._module.__file__)).read_text())
        modules = {
            name
            for name, held in vars(self._module).items()
            if type(held) is ModuleType and held.__name__.startswith("vllm.")
        }
        methods = {
            node.name
            for node in self._tree.body
            if isinstance(node, _Function)
            and [a.arg for a in node.args.args][:1] == ["self"]
        }
        self._canonical = _Canonical(self._tree, modules, methods)
        self.code: Code = dict(_code(self._tree, self._canonical))

    def owner(self, name: str) -> "KitModule | None":
        """The module of the kit that defines what this one calls `name`."""
        for node in self._tree.body:
            if isinstance(node, ast.ImportFrom) and node.level:
                if name in {alias.name for alias in node.names}:
                    package = self._module.__name__.rpartition(".")[0]
                    module = f"{'.' * node.level}{node.module}"
                    return kit_module(resolve_name(module, package)).owner(name)
            elif name in set(_names_defined(node)):
                return self
        return None

    def wrapper_lines(self, factory: str) -> list[str]:
        """What a wrapper does, but for its call of the original."""
        (found,) = (n for n in self._tree.body if factory in _names_defined(n))
        (inner,) = (
            n for n in ast.walk(found) if isinstance(n, _Function) and n != found
        )
        return [
            line
            for statement in inner.body
            if "original(" not in (text := self._canonical.unparse(statement))
            for line in _lines(text)
            if not line.startswith("return ")
        ]

    def used_by(self, name: str) -> Iterator[str]:
        """The names in one of its definitions."""
        (found,) = (n for n in self._tree.body if name in _names_defined(n))
        for node in ast.walk(found):
            if isinstance(node, ast.Name) and node.id != name:
                yield node.id


@functools.cache
def kit_module(name: str) -> KitModule:
    return KitModule(name)


def helpers(module: str, names: Iterable[str]) -> set[tuple[KitModule, str]]:
    """What the code of some functions leans on, in this module and those beside it."""
    start = {(kit_module(module).owner(name), name) for name in names}
    found = {(owner, name) for owner, name in start if owner is not None}
    waiting = list(found)
    while waiting:
        user, using = waiting.pop()
        for name in user.used_by(using):
            owner = user.owner(name)
            if owner is not None and (owner, name) not in found:
                found.add((owner, name))
                waiting.append((owner, name))
    return found - start


def vllm_code(path: Path) -> Code:
    """What a file of vLLM defines."""
    tree = ast.parse(path.read_text())
    return dict(_code(tree, _Canonical(tree, set(), set())))


class _Canonical(ast.NodeTransformer):
    """What a definition has in the kit and in vLLM alike."""

    def __init__(self, tree: ast.Module, modules: set[str], methods: set[str]) -> None:
        self._modules = modules
        self._methods = methods
        self._names = {
            alias.asname: alias.name
            for node in tree.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if alias.asname
        }

    def unparse(self, node: ast.AST) -> str:
        return ast.unparse(self.visit(copy.deepcopy(node)))

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self._names.get(node.id, node.id), node.ctx)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id in self._modules:
            return ast.Name(node.attr, node.ctx)
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if isinstance(node.annotation, ast.Constant):
            # In quotes, as the kit has it only for type checkers.
            node.annotation = ast.parse(str(node.annotation.value), mode="eval").body
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in self._methods:
            method = ast.Attribute(node.args[0], node.func.id, ast.Load())
            node = ast.Call(method, node.args[1:], node.keywords)
        return self.generic_visit(node)


def _code(
    tree: ast.Module | ast.ClassDef, canonical: _Canonical, prefix: str = ""
) -> Iterator[tuple[str, list[str]]]:
    for node in tree.body:
        for name in _names_defined(node):
            yield prefix + name, list(_definition(node, canonical))
        if isinstance(node, ast.ClassDef):
            yield from _code(node, canonical, f"{node.name}.")


def _definition(node: ast.stmt, canonical: _Canonical) -> Iterator[str]:
    body: list[ast.stmt]
    if isinstance(node, _Function):
        body = node.body
        parameters = (*node.args.args, *node.args.kwonlyargs)
        yield ", ".join(parameter.arg for parameter in parameters)
    elif isinstance(node, ast.ClassDef):
        # Its methods are definitions of their own.
        body = [part for part in node.body if not isinstance(part, _Function)]
        yield ", ".join(canonical.unparse(base) for base in node.bases)
    else:
        body = [node]
    for statement in body:
        if not _is_docstring(statement):
            yield from _lines(canonical.unparse(statement))


def _names_defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    yield from (target.id for target in targets if isinstance(target, ast.Name))


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]
