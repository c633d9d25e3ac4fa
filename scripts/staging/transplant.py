"""Put the functions of a patch into vLLM's source files.

What the kit substitutes while vLLM runs takes the same place in its source here. Where
the kit replaces a function, its body is the new body. Where it wraps one (a factory is
given the original), the wrapper is written into the function in the first of these ways
that is the same to a caller, see `wrappers`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import libcst as cst
import libcst.matchers as m

from . import wrappers
from .kit_source import (
    Definition,
    Origin,
    PatchSource,
    defined_name,
    imported_names,
)
from .upstream_style import without_scaffolding


class TransplantError(Exception):
    """The code of a patch can't be put where it belongs without being changed."""


class VllmSource:
    """The Python files of a vLLM tree, as far as the patches change them.

    Attributes:
        root: the folder that holds the package `vllm`.
        changed: modules by name, with what has been put into them so far.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.changed: dict[str, cst.Module] = {}
        self._read: dict[str, cst.Module] = {}
        # Where a helper of the kit has gone: later patches import it from there.
        self.homes: dict[tuple[str, str], str] = {}

    def path(self, module: str) -> Path:
        path = Path(*module.split("."))
        is_package = (self.root / path).is_dir()
        return path / "__init__.py" if is_package else path.with_suffix(".py")

    def has_module(self, name: str) -> bool:
        # Beside an installed vLLM there are all other packages.
        ours = name.partition(".")[0] == "vllm"
        return ours and (self.root / self.path(name)).is_file()

    def tree(self, module: str) -> cst.Module:
        if module in self.changed:
            return self.changed[module]
        if module not in self._read:
            text = (self.root / self.path(module)).read_text(encoding="utf-8")
            self._read[module] = cst.parse_module(text)
        return self._read[module]


class Transplant:
    """One patch on its way into vLLM's files."""

    def __init__(self, vllm: VllmSource, source: PatchSource) -> None:
        self._vllm = vllm
        self._source = source
        self._new_imports: dict[str, dict[str, Origin]] = {}
        self._helpers: dict[str, list[Definition]] = {}
        self._anchors: dict[str, list[str]] = {}

    def replace(self, module: str, qualname: str, function: str) -> None:
        """Let a function of the kit take the place of one of vLLM's.

        Raises:
            TransplantError: see there.
        """
        new = self._adapted(self._source.find(function), module, qualname)
        self._put(module, qualname, lambda old: [_in_place_of(old, new)])

    def wrap(self, module: str, qualname: str, factory: str) -> None:
        """Write the wrapper that a factory of the kit makes into a function of vLLM.

        Raises:
            TransplantError: see there.
        """
        found = self._source.find(factory)
        made = wrappers.inner_function(found.node)
        new = self._adapted(replace(found, node=made), module, qualname)
        in_class = "." in qualname
        self._put(module, qualname, lambda old: wrappers.inline(old, new, in_class))

    def finish(self) -> None:
        """Bring in what the functions need: helpers, and imports for `ruff` to sort."""
        for module, helpers in self._helpers.items():
            self._insert_helpers(module, helpers)
        for module, imports in self._new_imports.items():
            tree = self._vllm.tree(module)
            self._vllm.changed[module] = _with_imports(tree, imports)

    def _put(self, module: str, qualname: str, change: Any) -> None:
        tree = self._vllm.tree(module)
        try:
            body = _swapped(tree.body, qualname.split("."), change)
        except KeyError as error:
            raise TransplantError(f"{module} has no {qualname}") from error
        self._vllm.changed[module] = tree.with_changes(body=body)
        self._anchors.setdefault(module, []).append(qualname.split(".")[0])

    def _adapted(self, found: Definition, module: str, qualname: str) -> Any:
        adapted = self._renamed(found, module)
        adapted = adapted.with_changes(name=cst.Name(qualname.split(".")[-1]))
        return without_scaffolding(adapted, is_method="." in qualname)

    def _renamed(self, definition: Definition, module: str) -> Any:
        """A definition, with every name as it is called in a module of vLLM."""
        source, node = definition.source, definition.node
        names = _Names()
        node.visit(names)
        names.found.discard(defined_name(node) or "")
        aliases: dict[str, str] = {}
        renamed: dict[str, str] = {}
        methods: set[str] = set()
        for name in sorted(names.found):
            origin = source.imports.get(name)
            if origin is not None and self._is_module(origin):
                aliases[name] = f"{origin.module}.{origin.name}"
            elif source.has(name):
                helper = source.find(name)
                if helper.is_method:
                    methods.add(name)
                renamed[name] = self._helper(helper, module)
            elif origin is not None:
                renamed[name] = self._import(origin, name, module)
        attributes = {
            (alias, attribute): self._import(
                Origin(aliases[alias], attribute), attribute, module
            )
            for alias, attribute in sorted(names.attributes)
            if alias in aliases
        }
        return node.visit(_Rename(renamed, attributes, methods))

    def _is_module(self, origin: Origin) -> bool:
        return origin.name is not None and self._vllm.has_module(
            f"{origin.module}.{origin.name}"
        )

    def _helper(self, helper: Definition, module: str) -> str:
        """Make a definition of the kit known in a module of vLLM."""
        name = helper.name
        home = self._vllm.homes.get(helper.key)
        if home is not None and home != module:
            return self._import(Origin(home, name), name, module)
        present = _definitions(self._vllm.tree(module)).get(name)
        if home is None and present is not None:
            if isinstance(helper.node, cst.SimpleStatementLine):
                # vLLM's own `logger`, or the same constant of another patch.
                return name
            raise TransplantError(f"{module} already has another {name}")
        if home is None:
            self._vllm.homes[helper.key] = module
            # What it needs in turn comes first: a class has to follow its base.
            self._renamed(helper, module)
            self._helpers.setdefault(module, []).append(helper)
        return name

    def _import(self, origin: Origin, name: str, module: str) -> str:
        """Make a name that the kit imports known in a module of vLLM."""
        if origin.module == module:
            return name
        tree = self._vllm.tree(module)
        present = {**imported_names(tree), **self._new_imports.get(module, {})}
        for bound, known in present.items():
            if known == origin:
                return bound
        if origin.name is not None and self._vllm.has_module(origin.module):
            # It may only be passed on by the module the kit takes it from.
            passed_on = imported_names(self._vllm.tree(origin.module)).get(origin.name)
            if passed_on is not None:
                return self._import(passed_on, name, module)
        taken = present.get(name)
        if taken is not None:
            if taken.name == origin.name and _package(taken) == _package(origin):
                # The openai SDK has its types under several names.
                return name
            raise TransplantError(f"{name} is something else in {module}: {taken}")
        if name in _definitions(tree):
            raise TransplantError(f"{module} has a {name} of its own")
        self._new_imports.setdefault(module, {})[name] = origin
        return name

    def _insert_helpers(self, module: str, helpers: list[Definition]) -> None:
        constants: list[Any] = []
        classes: list[Any] = []
        functions: list[Any] = []
        methods: list[Any] = []
        for helper in helpers:
            node = without_scaffolding(
                self._renamed(helper, module), is_method=helper.is_method
            )
            if helper.is_method:
                methods.append(node)
            elif isinstance(node, cst.FunctionDef):
                functions.append((helper.position, node))
            elif isinstance(node, cst.ClassDef):
                classes.append(node)
            else:
                constants.append(node)
        functions = [node for _, node in sorted(functions, key=lambda entry: entry[0])]
        tree = self._vllm.tree(module)
        tree = _with_helpers(tree, self._anchors[module], classes, functions, methods)
        self._vllm.changed[module] = _with_constants(tree, constants)


class _Names(cst.CSTVisitor):
    """Collects the names that a piece of code uses, and attributes of names."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()

    def visit_Name(self, node: cst.Name) -> None:
        self.found.add(node.value)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        if isinstance(node.value, cst.Name):
            self.attributes.add((node.value.value, node.attr.value))
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        node.value.visit(self)
        return False


class _Rename(cst.CSTTransformer):
    """Names and `module.name` become the names that vLLM's file has for them."""

    def __init__(
        self,
        names: Mapping[str, str],
        attributes: Mapping[tuple[str, str], str],
        methods: set[str],
    ) -> None:
        self._names = names
        self._attributes = attributes
        self._methods = methods

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        return updated_node.with_changes(
            value=self._names.get(updated_node.value, updated_node.value)
        )

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        if isinstance(original_node.value, cst.Name):
            key = (original_node.value.value, original_node.attr.value)
            if key in self._attributes:
                return cst.Name(
                    self._attributes[key],
                    lpar=updated_node.lpar,
                    rpar=updated_node.rpar,
                )
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_Param(
        self, original_node: cst.Param, updated_node: cst.Param
    ) -> cst.Param:
        return updated_node.with_changes(name=original_node.name)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        function = original_node.func
        if isinstance(function, cst.Name) and function.value in self._methods:
            return wrappers.method_call(updated_node, function.value)
        return updated_node


def _swapped(body: Sequence[Any], path: Sequence[str], change: Any) -> list[Any]:
    """A body in which other functions are in the place of one.

    Raises:
        KeyError: it has no such function.
        TransplantError: it has another one of a name that is needed.
    """
    swapped: list[Any] = []
    found = False
    for node in body:
        if defined_name(node) != path[0]:
            swapped.append(node)
        elif len(path) == 1:
            others = {defined_name(other) for other in body if other is not node}
            new = change(node)
            if others & {defined_name(part) for part in new}:
                raise TransplantError(f"a second wrapper of {path[0]} needs its name")
            swapped += new
            found = True
        else:
            inside = _swapped(node.body.body, path[1:], change)
            swapped.append(node.with_changes(body=node.body.with_changes(body=inside)))
            found = True
    if not found:
        raise KeyError(path[0])
    return swapped


def _in_place_of(old: cst.FunctionDef, new: cst.FunctionDef) -> cst.FunctionDef:
    """A function in the place of another, with its types where the kit has `Any`."""
    types = {
        param.name.value: param.annotation
        for param in (*old.params.params, *old.params.kwonly_params)
    }

    def typed(param: cst.Param) -> cst.Param:
        if not _is_any(param.annotation):
            return param
        return param.with_changes(annotation=types.get(param.name.value))

    return new.with_changes(
        leading_lines=old.leading_lines,
        decorators=old.decorators,
        params=new.params.with_changes(
            params=[typed(param) for param in new.params.params],
            kwonly_params=[typed(param) for param in new.params.kwonly_params],
        ),
        returns=old.returns if _is_any(new.returns) else new.returns,
    )


def _is_any(annotation: cst.Annotation | None) -> bool:
    return annotation is not None and m.matches(annotation.annotation, m.Name("Any"))


def _definitions(tree: cst.Module) -> dict[str, cst.CSTNode]:
    return {
        name: statement
        for statement in tree.body
        if (name := defined_name(statement)) is not None
    }


def _package(origin: Origin) -> str:
    return origin.module.partition(".")[0]


def _with_imports(tree: cst.Module, imports: Mapping[str, Origin]) -> cst.Module:
    lines = [
        cst.parse_statement(origin.statement(bound))
        for bound, origin in sorted(imports.items())
    ]
    return _inserted_behind(tree, (cst.Import, cst.ImportFrom), lines)


def _with_constants(tree: cst.Module, constants: list[Any]) -> cst.Module:
    """Constants go where a module has its own, behind the imports."""
    return _inserted_behind(
        tree, (cst.Import, cst.ImportFrom, cst.Assign, cst.AnnAssign), constants
    )


def _inserted_behind(
    tree: cst.Module, kinds: tuple[Any, ...], lines: Sequence[Any]
) -> cst.Module:
    """Insert lines behind the last of some kinds at the head of a module."""
    at = 0
    for index, statement in enumerate(tree.body):
        if isinstance(statement, (cst.FunctionDef, cst.ClassDef)):
            break
        if isinstance(statement, cst.SimpleStatementLine) and isinstance(
            statement.body[0], kinds
        ):
            at = index + 1
    return tree.with_changes(body=[*tree.body[:at], *lines, *tree.body[at:]])


def _with_helpers(
    tree: cst.Module,
    anchors: Iterable[str],
    classes: list[Any],
    functions: list[Any],
    methods: list[Any],
) -> cst.Module:
    """Put helpers beside the functions that need them.

    Classes before the first of these, as signatures name them; functions behind the
    last, or before it where it is a method: a class would hide them at its end.
    """
    names = list(anchors)
    at = [i for i, node in enumerate(tree.body) if defined_name(node) in names]
    body: list[Any] = list(tree.body)
    first, last = at[0], at[-1]
    anchor = body[last]
    if isinstance(anchor, cst.ClassDef):
        classes, functions = classes + functions, []
        block = anchor.body.with_changes(body=[*anchor.body.body, *methods])
        body[last] = anchor.with_changes(body=block)
    return tree.with_changes(
        body=[
            *body[:first],
            *classes,
            *body[first : last + 1],
            *functions,
            *body[last + 1 :],
        ]
    )
