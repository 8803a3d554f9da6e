"""Sizes of files and functions, docstrings on all that is public, and tests that stand by themselves."""

import ast
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_MAX_FILE, _MAX_FUNCTION, _MAX_PARAMETERS = 400, 50, 14
_MODULES = sorted((_ROOT / "nas_asc").rglob("*.py")) + sorted((_ROOT / "search_spaces").glob("*.py"))
_TESTS = sorted((_ROOT / "tests").rglob("*.py"))
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
        if isinstance(node, _FUNCTIONS) and _takes_too_much(node, path):
            yield f"{path}:{node.lineno}: {node.name} has {_n_parameters(node)} parameters, {_MAX_PARAMETERS} at most"


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


def _takes_too_much(node, path):
    """Commands have a parameter an option, functions of a space one an axis."""
    return path.parent.name not in ("cli", "search_spaces") and _n_parameters(node) > _MAX_PARAMETERS


def _n_parameters(node):
    """Parameters that a caller gives: without `self` and `cls`."""
    given = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    return sum(parameter.arg not in ("self", "cls") for parameter in given)


@pytest.mark.parametrize("path", _MODULES, ids=lambda path: path.relative_to(_ROOT).as_posix())
def test_module_is_small_and_documented(path):
    assert list(_faults(path)) == []


def _imported_tests(text):
    """(line, name) of what a text imports of test modules; each is read for its own tests alone."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = "tests" if node.level else ""
            names = [".".join(filter(None, (package, node.module, alias.name))) for alias in node.names]
        else:
            continue
        for package, *parts in (name.split(".") for name in names):
            if package == "tests" and any(part.startswith("test_") for part in parts):
                yield node.lineno, ".".join((package, *parts))


@pytest.mark.parametrize("path", _TESTS, ids=lambda path: path.relative_to(_ROOT).as_posix())
def test_no_test_module_is_imported(path):
    found = _imported_tests(path.read_text(encoding="utf-8"))
    assert [f"{path}:{line}: {name}; put what both need in a module beside them" for line, name in found] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from tests.models.test_lowering import SYSTEMS", [(1, "tests.models.test_lowering.SYSTEMS")]),
        ("import os\nfrom tests.models import cases, test_lowering", [(2, "tests.models.test_lowering")]),
        ("def f():\n    import tests.test_style", [(2, "tests.test_style")]),
        ("from . import test_lowering", [(1, "tests.test_lowering")]),
        ("from .test_lowering import SYSTEMS", [(1, "tests.test_lowering.SYSTEMS")]),
        ("from tests.models.cases import CASES\nfrom nas_asc.handover.test_clips import x", []),
    ],
)
def test_import_of_a_test_module_is_found(text, found):
    assert list(_imported_tests(text)) == found
