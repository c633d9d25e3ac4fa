"""What is only there because the code lives in the kit is left out upstream."""

import re
from typing import Any

import libcst as cst


def without_scaffolding(node: Any, is_method: bool) -> Any:
    """A definition as vLLM would write it.

    Without the type of `self`, which the kit's functions need as they stand outside of
    the class, and without the sources that the kit's docstrings name.
    """
    if isinstance(node, cst.FunctionDef) and is_method:
        first, *others = node.params.params
        first = first.with_changes(annotation=None)
        node = node.with_changes(
            params=node.params.with_changes(params=[first, *others])
        )
    if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
        node = node.visit(_DropSources())
    return node


_SOURCE = re.compile(r'\n\n +Source: .*?(?=\n\n|\n *"""$)', re.DOTALL)


class _DropSources(cst.CSTTransformer):
    def leave_SimpleString(
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.SimpleString:
        if not updated_node.value.startswith('"""'):
            return updated_node
        text = _SOURCE.sub("", updated_node.value)
        if text.count("\n") == 1:
            text = text.rstrip('" \n') + '"""'
        return updated_node.with_changes(value=text)
