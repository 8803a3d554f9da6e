"""What a space file says, without its comments, docstrings, systems and guesses: for digests and tables.

Conventions:
    Axes for some targets only are left out of the file's text; where they are searched, they are among the axes.
"""

import ast
import hashlib
import linecache
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import CodeType

from nas_asc.space.axis import Axis
from nas_asc.space.function import Function

_NOT_SEARCHED = ("system", "guess", "features_on")


@dataclass(frozen=True)
class FileSource:
    """The text of a space file, read when the file was run.

    Args:
        text: Python; empty where it cannot be had, as in an interactive session.
    """

    text: str

    @cached_property
    def _tree(self) -> ast.Module:
        try:
            return ast.parse(self.text)
        except SyntaxError:
            return ast.Module([], [])

    def fingerprint(self, axes: Mapping[str, Axis], functions: Iterable[Function]) -> dict[str, str]:
        """What each part says: axes in full, functions and the file as a whole by digest."""
        parts = {f"axis {name}": self.axis_text(axis) for name, axis in axes.items()}
        parts.update({function.role: _short_hash(self._function_text(function)) for function in functions})
        return {**parts, "file": _short_hash(self._searched_text())}

    @staticmethod
    def digest(fingerprint: Mapping[str, str]) -> str:
        """Digest of all parts."""
        return _short_hash("\n".join(f"{part}: {text}" for part, text in fingerprint.items()))

    def axis_text(self, axis: Axis) -> str:
        """Form, values, condition and rounding of an axis in one line."""
        multiple = getattr(axis, "multiple_of", 1)
        rounding = f" (multiples of {multiple})" if multiple > 1 else ""
        condition = self.condition_text(axis)
        prior = getattr(axis, "prior", None)
        rounding += f" (prior {prior})" if prior else ""
        return f"{axis.form}: {axis.values_text}{rounding}" + (f" when {condition}" if condition else "")

    def condition_text(self, axis: Axis) -> str:
        """Condition of an axis as its file writes it; empty where it is always active."""
        if axis.when is None:
            return ""
        node = self._find(axis.when)
        if isinstance(node, ast.Lambda):
            return ast.unparse(node.body)
        if isinstance(node, ast.FunctionDef) and isinstance(node.body[0], ast.Return) and node.body[0].value:
            return ast.unparse(node.body[0].value)
        return " and ".join(axis.when.asks) if node is None else axis.when.call.__name__

    def _function_text(self, function: Function) -> str:
        node = self._find(function)
        if node is None:
            code: CodeType = function.call.__code__
            constants = [value for value in code.co_consts if not isinstance(value, CodeType)]
            return f"{code.co_code.hex()} {code.co_names} {constants}"
        return ast.unparse(_without_docstrings(node))

    def _searched_text(self) -> str:
        tree = _without_docstrings(self._tree)
        assert isinstance(tree, ast.Module)
        return ast.unparse(ast.Module([node for node in tree.body if not _is_published(node)], []))

    def _find(self, function: Function) -> ast.AST | None:
        """Node of a function; of several lambdas in one line the one that asks for the same."""
        for node in ast.walk(self._tree):
            if not isinstance(node, ast.FunctionDef | ast.Lambda) or node.lineno != function.place.line:
                continue
            if tuple(argument.arg for argument in (*node.args.posonlyargs, *node.args.args)) == function.asks:
                return node
        return None


def source_of(file: str) -> FileSource:
    """Source of a file as Python has it in memory."""
    return FileSource("".join(linecache.getlines(file)))


def _without_docstrings(tree: ast.AST) -> ast.AST:
    tree = ast.parse(ast.unparse(tree))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            body[:] = body[1:] or [ast.Pass()]
    return tree


def _is_text(node: ast.stmt) -> bool:
    constant = node.value if isinstance(node, ast.Expr) else None
    return isinstance(constant, ast.Constant) and isinstance(constant.value, str)


def _is_published(node: ast.stmt) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _NOT_SEARCHED


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
