"""Only what Optuna makes public is used of it: a private name may change with any of its versions."""

import ast
from pathlib import Path

import pytest

_PACKAGE = Path(__file__).parent.parent / "nas_asc"
_USERS = sorted(path for path in _PACKAGE.rglob("*.py") if "optuna" in path.read_text(encoding="utf-8"))


def _faults(text):
    """(line, private name) of what is or could be Optuna's: imports, attributes of others, what is inherited."""
    tree = ast.parse(text)
    imported = {name for node in ast.walk(tree) for name in _imported(node)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [path for path in _paths(node) if _is_optunas(path)]
        elif isinstance(node, ast.Attribute):
            names = [] if _is_own(node.value) else [node.attr]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "setattr", "hasattr"):
            names = [argument.value for argument in node.args[1:2] if isinstance(argument, ast.Constant)]
        elif isinstance(node, ast.ClassDef) and any(_root(base) in imported for base in node.bases):
            names = [child.name for child in ast.walk(node) if isinstance(child, ast.FunctionDef)]
            names += [
                child.attr for child in ast.walk(node) if isinstance(child, ast.Attribute) and _is_own(child.value)
            ]
        else:
            continue
        yield from ((node.lineno, name) for name in names if any(map(_is_private, name.split("."))))


def _is_private(name):
    return name.startswith("_") and not name.endswith("__")


def _is_own(node):
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def _is_optunas(path):
    return path.split(".")[0] == "optuna"


def _root(node):
    return ast.unparse(node).split(".")[0]


def _paths(node):
    prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
    return [prefix + alias.name for alias in node.names]


def _imported(node):
    """What a module calls the things that an import takes from Optuna."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias, path in zip(node.names, _paths(node), strict=True):
            if _is_optunas(path):
                yield (alias.asname or alias.name).split(".")[0]


@pytest.mark.parametrize("path", _USERS, ids=lambda path: path.relative_to(_PACKAGE).as_posix())
def test_module_uses_no_private_name_of_optuna(path):
    assert list(_faults(path.read_text(encoding="utf-8"))) == []


_DERIVED = "from optuna.samplers import TPESampler as T\nclass Mine(T):\n    def {}(self): return {}"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("import optuna._transform", (1, "optuna._transform")),
        ("from optuna.samplers._tpe.sampler import TPESampler", (1, "optuna.samplers._tpe.sampler.TPESampler")),
        ("from optuna.study import _tell", (1, "optuna.study._tell")),
        ("import optuna\noptuna.create_study()._storage", (2, "_storage")),
        ("def f(self):\n    return self.sampler._rng", (2, "_rng")),
        ("getattr(study, '_storage')", (1, "_storage")),
        ("import optuna\nclass Mine(optuna.samplers.TPESampler):\n    def f(self): return self._rng", (2, "_rng")),
        (_DERIVED.format("_sample", "0"), (2, "_sample")),
        (_DERIVED.format("f", "super()._sample()"), (3, "_sample")),
    ],
)
def test_a_private_name_is_found(text, fault):
    assert list(_faults(text)) == [fault]


def test_ones_own_private_names_are_free():
    text = "import optuna\nfrom numpy import _core\nclass Mine:\n    def _own(self): return self._study.trials"
    assert list(_faults(text)) == []
    assert len(_USERS) >= 4
