"""The series has the code of the kit, and nothing else in its place.

Read with `ast`, from the other side than the tool that makes the series. What differs
by design is taken out first: `utils.name` of the kit is `name` in vLLM's file, a helper
that has `self` is a method, and a class may be imported under another name.
"""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from staged_series import Staged

from vllm_responses_fix.patches import PATCHES, Variant
from vllm_responses_fix.releases import RELEASES

Function = ast.FunctionDef | ast.AsyncFunctionDef


@pytest.fixture
def variants(staged: Staged) -> list[Variant]:
    patches = RELEASES[staged.version].patches
    return [
        patch.variant(name)
        for patch in PATCHES
        if isinstance(name := patches[patch.name], str)
    ]


def test_what_replaces_a_function(staged: Staged, variants: list[Variant]) -> None:
    seams = RELEASES[staged.version].seams
    wrapped = {name for variant in variants for name in variant.wraps}
    for variant in variants:
        for name in variant.replaces:
            ours = kit_function(variant.module, name)
            found = vllm_functions(staged)[seams[name].qualname]
            if name in wrapped:
                # The wrapper's statements are in it, too.
                found = found[: len(ours)]
            assert ours == found


def test_what_wraps_a_function(staged: Staged, variants: list[Variant]) -> None:
    seams = RELEASES[staged.version].seams
    for variant in variants:
        for name, factory in variant.wraps.items():
            lines = iter(vllm_functions(staged)[seams[name].qualname])
            for statement in wrapper_lines(variant.module, factory):
                assert statement in lines, f"{statement} is not in {seams[name]}"


def test_helpers(staged: Staged, variants: list[Variant]) -> None:
    for variant in variants:
        seams = {**variant.replaces, **variant.wraps}.values()
        for name, lines in kit_functions(variant.module).items():
            if name not in seams:
                places = [
                    found
                    for qualname, found in vllm_functions(staged).items()
                    if qualname.split(".")[-1] == name
                ]
                assert lines in places, f"{name} of {variant.module}"


def vllm_functions(staged: Staged) -> dict[str, list[str]]:
    """The functions and methods of the files that the series changes."""
    functions: dict[str, list[str]] = {}
    for path in {path for step in staged.steps for path in step.files}:
        if path.startswith("vllm/"):
            tree = ast.parse((staged.tree / path).read_text())
            functions |= dict(_functions(tree, _Canonical(tree, set(), set())))
    return functions


def kit_functions(module: str) -> dict[str, list[str]]:
    """The functions of a module of patches, as they are in vLLM's files."""
    tree, canonical = _kit(module)
    return dict(_functions(tree, canonical))


def wrapper_lines(module: str, factory: str) -> list[str]:
    """What a wrapper does, but for its call of the original."""
    tree, canonical = _kit(module)
    if factory not in {getattr(node, "name", "") for node in tree.body}:
        code = import_module(f"vllm_responses_fix.patches.{module}")
        defined_in = getattr(code, factory).__module__
        return wrapper_lines(defined_in.rpartition(".")[2], factory)
    (found,) = (n for n in tree.body if getattr(n, "name", "") == factory)
    (inner,) = (n for n in ast.walk(found) if isinstance(n, Function) and n != found)
    return [
        line
        for statement in inner.body
        if "original(" not in (text := ast.unparse(canonical.visit(statement)))
        for line in _lines(text)
        if not line.startswith("return ")
    ]


def _kit(module: str) -> tuple[ast.Module, "_Canonical"]:
    code = import_module(f"vllm_responses_fix.patches.{module}")
    tree = ast.parse(Path(str(code.__file__)).read_text())
    modules = {
        name
        for name, held in vars(code).items()
        if type(held) is ModuleType and held.__name__.startswith("vllm.")
    }
    methods = {
        node.name
        for node in tree.body
        if isinstance(node, Function)
        and [a.arg for a in node.args.args][:1] == ["self"]
    }
    return tree, _Canonical(tree, modules, methods)


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

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self._names.get(node.id, node.id), node.ctx)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id in self._modules:
            return ast.Name(node.attr, node.ctx)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in self._methods:
            method = ast.Attribute(node.args[0], node.func.id, ast.Load())
            node = ast.Call(method, node.args[1:], node.keywords)
        return self.generic_visit(node)


def _functions(
    tree: ast.Module | ast.ClassDef, canonical: _Canonical, prefix: str = ""
) -> Iterator[tuple[str, list[str]]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from _functions(node, canonical, f"{node.name}.")
        elif isinstance(node, Function):
            body = node.body
            if ast.get_docstring(node) is not None:
                body = body[1:]
            arguments = node.args
            parameters = ", ".join(
                arg.arg for arg in (*arguments.args, *arguments.kwonlyargs)
            )
            statements = [ast.unparse(canonical.visit(part)) for part in body]
            lines = [line for text in statements for line in _lines(text)]
            yield prefix + node.name, [parameters, *lines]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]
