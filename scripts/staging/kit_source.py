"""The source of a patch, as a set of named definitions."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst

import vllm_responses_fix.patches

_FOLDER = Path(vllm_responses_fix.patches.__file__).parent


@dataclass(frozen=True)
class Origin:
    """Where a name comes from: `from module import name`, or `import module`."""

    module: str
    name: str | None

    def statement(self, bound: str) -> str:
        if self.name is None:
            return f"import {self.module}"
        renamed = f" as {bound}" if bound != self.name else ""
        return f"from {self.module} import {self.name}{renamed}"


class PatchSource:
    """A module below `vllm_responses_fix.patches`.

    Attributes:
        definitions: functions, classes and assignments by name, in their order.
        lines: how many it has.
        imports: what the module imports, by the name it has here. Modules beside this
            one are written as they are there, with a leading dot.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        text = (_FOLDER / f"{name}.py").read_text(encoding="utf-8")
        self.lines = text.count("\n")
        tree = cst.parse_module(text)
        self.definitions = {
            name: statement
            for statement in tree.body
            if (name := defined_name(statement)) is not None
        }
        self.imports = imported_names(tree)

    def __getitem__(self, name: str) -> cst.CSTNode:
        return self.definitions[name]


@functools.cache
def patch_source(name: str) -> PatchSource:
    return PatchSource(name)


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
        if not isinstance(statement, cst.SimpleStatementLine):
            continue
        for part in statement.body:
            found.update(_imported(part))
    return found


def _imported(statement: cst.CSTNode) -> Iterator[tuple[str, Origin]]:
    if isinstance(statement, cst.Import):
        for alias in statement.names:
            yield alias.evaluated_alias or alias.evaluated_name, Origin(
                alias.evaluated_name, None
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
