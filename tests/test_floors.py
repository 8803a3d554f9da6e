"""Which room may import which: only lower floors, by the room's name, at the top of the module."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

_PACKAGE = Path(__file__).parent.parent / "nas_asc"
_FLOORS = (
    ("errors",),
    ("units",),
    ("layers", "frontend", "recipe", "metrics", "pareto"),
    ("space", "cost", "data"),
    ("budget", "features", "augmentation"),
    ("models", "study", "survey"),
    ("training",),
    ("evaluation",),
    ("search", "report", "plan"),
    ("cli",),
)
_FLOOR_OF = {room: floor for floor, rooms in enumerate(_FLOORS) for room in rooms}
_ONLY_DOORS = {
    "typer": "cli",
    "rich": "cli",
    "optuna": "search",
    "pandas": "report",
    "plotly": "report",
    "torchaudio": "features",
    "thop": "models",
    "soundfile": "data",
}
_WITHOUT_TORCH = [*_FLOORS[0], *_FLOORS[1], *_FLOORS[2], *_FLOORS[3], "budget", "study", "survey"]
_HEAVY = ("torch", "torchaudio", "optuna", "pandas", "plotly")
_BANNED = {"utils", "helpers", "common", "core", "misc", "base"}


def _modules():
    return sorted(path for path in _PACKAGE.rglob("*.py") if path.parent != _PACKAGE or path.stem != "__init__")


def _room(path):
    return path.relative_to(_PACKAGE).parts[0].removesuffix(".py")


def _imports(path):
    """(line, module, whether at the top) of every import of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or ""), id(node) in top


def _faults(path):
    room = _room(path)
    for line, module, is_top in _imports(path):
        place = f"{path.relative_to(_PACKAGE.parent)}:{line}"
        door = _ONLY_DOORS.get(module.split(".")[0])
        if module.startswith("."):
            yield f"{place}: relative import"
        if door is not None and door != room:
            yield f"{place}: {module} belongs to the room {door}"
        if not module.startswith("nas_asc."):
            continue
        parts = module.split(".")[1:]
        if parts[0] == room:
            continue
        if _FLOOR_OF[parts[0]] >= _FLOOR_OF[room]:
            yield f"{place}: {room} must not import {parts[0]}, which is not on a lower floor"
        if len(parts) > 1:
            yield f"{place}: import from nas_asc.{parts[0]}, not from inside it"
        if not is_top and room != "cli":
            yield f"{place}: an import of {module} that is not at the top"


def test_every_room_has_a_floor_and_a_name_that_says_something():
    rooms = {_room(path) for path in _modules()} - {"search_spaces"}
    assert rooms == set(_FLOOR_OF)
    assert not rooms & _BANNED


@pytest.mark.parametrize("path", _modules(), ids=lambda path: path.relative_to(_PACKAGE).as_posix())
def test_module_imports_downward_only(path):
    assert list(_faults(path)) == []


def _loaded(code):
    script = f"import sys\n{code}\nprint([name for name in {_HEAVY!r} if name in sys.modules])"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def test_plain_data_rooms_load_nothing_heavy():
    assert _loaded("\n".join(f"import nas_asc.{room}" for room in _WITHOUT_TORCH)) == "[]"


def test_help_loads_nothing_heavy():
    hush = "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):"
    assert _loaded(f"from nas_asc.cli import main\n{hush}\n    main(['--help'])") == "[]"
