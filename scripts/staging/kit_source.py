"""The source of a patch, as a set of named definitions."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import resolve_name
from pathlib import Path
from typing import Any

import libcst as cst
import libcst.matchers as m

import vllm_responses_fix.patches
from vllm_responses_fix.patch import Patch, Variant

_PACKAGE = vllm_responses_fix.patches.__name__
_FOLDER = Path(vllm_responses_fix.patches.__file__).parent


@dataclass(frozen=True)
class Origin:
    """Where a name comes from: `from module import name`, or `import module`."""

    module: str
    name: str | None

    @property
    def beside(self) -> str | None:
        """The module, if it is one of the kit's patches."""
        package, _, name = self.module.partition(f"{_PACKAGE}.")
        return name if name and not package else None

    def statement(self, bound: str) -> str:
        if self.name is None:
            return f"import {self.module}"
        renamed = f" as {bound}" if bound != self.name else ""
        return f"from {self.module} import {self.name}{renamed}"


class PatchSource:
    """A module below `vllm_responses_fix.patches`.

    Attributes:
        name: of the module, below that package.
        lines: how many it has.
        imports: what the module imports, by the name it has here.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        path = _FOLDER.joinpath(*name.split(".")).with_suffix(".py")
        text = path.read_text(encoding="utf-8")
        self.lines = text.count("\n")
        tree = cst.parse_module(text).visit(_Unquote())
        self._definitions = {
            name: Definition(self, statement, position)
            for position, statement in enumerate(tree.body)
            if (name := defined_name(statement)) is not None
        }
        folder = f"{_PACKAGE}.{self.name}".rpartition(".")[0]
        self.imports = {
            bound: replace(origin, module=resolve_name(origin.module, folder))
            for bound, origin in imported_names(tree).items()
        }

    @property
    def reach(self) -> set[str]:
        """This module and those beside it whose code it uses."""
        found = {self.name}
        for origin in self.imports.values():
            if origin.beside is not None:
                found |= patch_source(origin.beside).reach
        return found

    def has(self, name: str) -> bool:
        origin = self.imports.get(name)
        return name in self._definitions or (
            origin is not None and origin.beside is not None
        )

    def find(self, name: str) -> "Definition":
        """A definition of this module, or of one beside it that this one imports."""
        if name in self._definitions:
            return self._definitions[name]
        origin = self.imports[name]
        assert origin.beside is not None and origin.name is not None
        return patch_source(origin.beside).find(origin.name)


@functools.cache
def patch_source(name: str) -> PatchSource:
    return PatchSource(name)


def source_of(patch: Patch, variant: Variant) -> PatchSource:
    return patch_source(patch.module(variant).removeprefix(f"{_PACKAGE}."))


@dataclass(frozen=True)
class Definition:
    """A function, class or assignment of the kit.

    Attributes:
        source: the module that has it.
        node: its code.
        position: where it stands in the module.
    """

    source: PatchSource
    node: Any
    position: int

    @property
    def name(self) -> str:
        name = defined_name(self.node)
        assert name is not None
        return name

    @property
    def key(self) -> tuple[str, str]:
        return self.source.name, self.name

    @property
    def is_method(self) -> bool:
        """Whether it is written as a method of the class whose method needs it."""
        if not isinstance(self.node, cst.FunctionDef) or not self.node.params.params:
            return False
        return bool(self.node.params.params[0].name.value == "self")


def defined_name(statement: cst.CSTNode) -> str | None:
    """The name that a function, a class or an assignment gives to something."""
    if isinstance(statement, (cst.FunctionDef, cst.ClassDef)):
        return statement.name.value
    if isinstance(statement, cst.SimpleStatementLine):
        first = statement.body[0]
        target: cst.CSTNode | None = None
        if isinstance(first, cst.Assign):
            target = first.targets[0].target
        elif isinstance(first, cst.AnnAssign):
            target = first.target
        if isinstance(target, cst.Name):
            return target.value
    return None


def imported_names(tree: cst.Module) -> dict[str, Origin]:
    """The names that a module imports at its top level, and where from."""
    found: dict[str, Origin] = {}
    for statement in tree.body:
        lines = statement.body.body if _is_for_types(statement) else [statement]
        for line in lines:
            if isinstance(line, cst.SimpleStatementLine):
                for part in line.body:
                    found.update(_imported(part))
    return found


def _is_for_types(statement: Any) -> bool:
    return isinstance(statement, cst.If) and m.matches(
        statement.test, m.Name("TYPE_CHECKING")
    )


class _Unquote(cst.CSTTransformer):
    """Takes annotations out of their quotes, which the kit needs as it is imported.

    In vLLM's own file the names are those of the file.
    """

    def __init__(self) -> None:
        self._annotations = 0

    def visit_Annotation(self, node: cst.Annotation) -> None:
        self._annotations += 1

    def leave_Annotation(
        self, original_node: cst.Annotation, updated_node: cst.Annotation
    ) -> cst.Annotation:
        self._annotations -= 1
        return updated_node

    def visit_Subscript(self, node: cst.Subscript) -> bool:
        return not m.matches(node.value, m.Name("Literal"))

    def leave_SimpleString(
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.BaseExpression:
        if not self._annotations:
            return updated_node
        return cst.parse_expression(str(updated_node.evaluated_value))


def _imported(statement: cst.CSTNode) -> Iterator[tuple[str, Origin]]:
    if isinstance(statement, cst.Import):
        for alias in statement.names:
            yield (
                alias.evaluated_alias or alias.evaluated_name,
                Origin(alias.evaluated_name, None),
            )
    elif isinstance(statement, cst.ImportFrom):
        assert not isinstance(statement.names, cst.ImportStar)
        dots = "." * len(statement.relative)
        base = "" if statement.module is None else _dotted(statement.module)
        for alias in statement.names:
            name = alias.evaluated_name
            yield alias.evaluated_alias or name, Origin(dots + base, name)


def _dotted(node: cst.CSTNode) -> str:
    if isinstance(node, cst.Attribute):
        return f"{_dotted(node.value)}.{node.attr.value}"
    assert isinstance(node, cst.Name)
    return node.value
