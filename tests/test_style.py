"""Sizes of files and functions, and docstrings on all that is public."""

import ast
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_MAX_FILE, _MAX_FUNCTION = 400, 50
_MODULES = sorted((_ROOT / "nas_asc").rglob("*.py")) + sorted((_ROOT / "search_spaces").glob("*.py"))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _faults(path):
    text = path.read_text(encoding="utf-8")
    if len(text.splitlines()) > _MAX_FILE:
        yield f"{path}: {len(text.splitlines())} lines, {_MAX_FILE} at most"
    tree = ast.parse(text)
    if ast.get_docstring(tree) is None:
        yield f"{path}: no docstring"
    if path.parent.name != "search_spaces":  # their functions are described by the language
        yield from (f"{path}:{node.lineno}: {node.name} has no docstring" for node in _undocumented(tree))
    for node in ast.walk(tree):
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            continue
        if isinstance(node, _FUNCTIONS) and _body_lines(node) > _MAX_FUNCTION:
            yield f"{path}:{node.lineno}: {node.name} has {_body_lines(node)} lines, {_MAX_FUNCTION} at most"


def _undocumented(node):
    """Public functions, classes and methods without a docstring; what is inside a function or private is not public."""
    for child in node.body:
        if not isinstance(child, (*_FUNCTIONS, ast.ClassDef)) or child.name.startswith("_"):
            continue
        if ast.get_docstring(child) is None:
            yield child
        if isinstance(child, ast.ClassDef):
            yield from _undocumented(child)


def _body_lines(node):
    """Lines of statements, the docstring and the signature left out."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", _MODULES, ids=lambda path: path.relative_to(_ROOT).as_posix())
def test_module_is_small_and_documented(path):
    assert list(_faults(path)) == []
