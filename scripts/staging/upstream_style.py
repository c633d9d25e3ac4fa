"""What is only there because the code lives in the kit is left out upstream."""

import re
from typing import Any

import libcst as cst


def without_scaffolding(node: Any, is_method: bool) -> Any:
    """A definition as vLLM would write it.

    Without type and description of `self`, which the kit's functions need as they stand
    outside of the class, and without the sources that the kit's docstrings name.
    """
    if isinstance(node, cst.FunctionDef) and is_method:
        first, *others = node.params.params
        first = first.with_changes(annotation=None)
        node = node.with_changes(
            params=node.params.with_changes(params=[first, *others])
        )
    if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
        node = node.visit(_Docstrings())
    return node


_SOURCE = re.compile(r'\n\n +Source: .*?(?=\n\n|\n *"""$)', re.DOTALL)
_SECTION = re.compile(r"\n +(Args|Attributes|Raises|Returns):\n")
_SELF = re.compile(r"\n( +)self: .*(\n\1 +.*)*")


class _Docstrings(cst.CSTTransformer):
    def leave_SimpleString(
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.SimpleString:
        if not updated_node.value.startswith('"""'):
            return updated_node
        text = _SELF.sub("", _SOURCE.sub("", updated_node.value))
        if text.count("\n") == 1:
            text = text.rstrip('" \n') + '"""'
        elif _SECTION.search(text):
            # vLLM's rules ask for a blank line behind the last section.
            text = re.sub(r'\n( *"""$)', r"\n\n\1", text)
        return updated_node.with_changes(value=text)
