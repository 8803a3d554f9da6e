"""Which room may import which: only lower floors, by the room's name, at the top of the module. No ring of files."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from nas_asc.guide import load_page
from tests.manual import spans, tables

_PACKAGE = Path(__file__).parent.parent / "nas_asc"
_SPACES = _PACKAGE.parent / "search_spaces"
_FLOORS = (
    ("errors",),
    ("units", "clock", "cores"),
    ("layers", "frontend", "recipe", "metrics", "pareto", "guide"),
    ("space", "cost", "data"),
    ("budget", "features", "augmentation", "prediction"),
    ("models", "survey"),
    ("training", "compression", "study"),
    ("export", "health"),
    ("propose", "evaluation"),
    ("search",),
    ("handover", "report", "plan"),
    ("session",),
    ("library",),
    ("cli",),
)
_FLOOR_OF = {room: floor for floor, rooms in enumerate(_FLOORS) for room in rooms}
_ONLY_DOORS = {
    "typer": ("cli",),
    "rich": ("cli",),
    "optuna": ("search", "propose"),
    "ray": ("search",),
    "pandas": ("report", "library"),
    "plotly": ("report", "library"),
    "torchaudio": ("features",),
    "thop": ("models",),
    "soundfile": ("data",),
    "onnxruntime": ("prediction", "export"),
    "onnx": ("export",),
    "tflite": ("prediction",),
    "tflite_micro": ("prediction",),
}
_WITHOUT_TORCH = [
    *_FLOORS[0],
    *_FLOORS[1],
    *_FLOORS[2],
    *_FLOORS[3],
    "budget",
    "prediction",
    "study",
    "survey",
    "health",
]
_HEAVY = ("torch", "torchaudio", "optuna", "pandas", "plotly")
_LANGUAGE = {f"nas_asc.{room}" for room in ("errors", "units", "frontend", "recipe", "layers", "space")}
_BANNED = {"utils", "helpers", "common", "core", "misc", "base"}


def _modules():
    return sorted(path for path in _PACKAGE.rglob("*.py") if path.parent != _PACKAGE or path.stem != "__init__")


def _room(path):
    return path.relative_to(_PACKAGE).parts[0].removesuffix(".py")


def _imports(text):
    """(line, module, whether at the top) of every import; `from nas_asc import budget` is one of nas_asc.budget."""
    tree = ast.parse(text)
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "nas_asc":
            yield from ((node.lineno, f"nas_asc.{alias.name}", id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or ""), id(node) in top


def _faults(text, room, name):
    for line, module, is_top in _imports(text):
        yield from (f"{name}:{line}: {fault}" for fault in _faults_of_import(module, room, is_top=is_top))


def _faults_of_import(module, room, *, is_top):
    package, *parts = module.split(".")
    if module.startswith("."):
        yield "relative import"
    if room not in _ONLY_DOORS.get(package, (room,)):
        yield f"{package} belongs to the room {' or '.join(_ONLY_DOORS[package])}"
    if package == "torch" and room in _WITHOUT_TORCH:
        yield f"{room} must not import torch"
    if package != "nas_asc" or parts == ["__version__"] or parts[0] == room:
        return
    if parts[0] not in _FLOOR_OF:
        yield f"there is no room {parts[0]}"
        return
    if _FLOOR_OF[parts[0]] >= _FLOOR_OF[room]:
        yield f"{room} must not import {parts[0]}, which is not on a lower floor"
    if len(parts) > 1:
        yield f"import from nas_asc.{parts[0]}, not from inside it"
    if not is_top and room != "cli":
        yield f"an import of {module} that is not at the top"


def test_every_room_has_a_floor_and_a_name_that_says_something():
    rooms = {_room(path) for path in _modules()} - {"search_spaces"}
    assert rooms == set(_FLOOR_OF)
    assert not rooms & _BANNED


@pytest.mark.parametrize("path", _modules(), ids=lambda path: path.relative_to(_PACKAGE).as_posix())
def test_module_imports_downward_only(path):
    name = path.relative_to(_PACKAGE.parent).as_posix()
    assert list(_faults(path.read_text(encoding="utf-8"), _room(path), name)) == []


@pytest.mark.parametrize("path", sorted(_SPACES.glob("*.py")), ids=lambda path: path.stem)
def test_space_file_needs_nothing_but_the_language(path):
    modules = {module for _, module, _ in _imports(path.read_text(encoding="utf-8"))}
    assert modules - set(sys.stdlib_module_names) <= _LANGUAGE


@pytest.mark.parametrize(
    ("room", "text", "fault"),
    [
        ("cost", "from nas_asc.budget import Budget", "x.py:1: cost must not import budget, which is not on a lower"),
        ("cost", "from nas_asc.space import Space", "x.py:1: cost must not import space"),
        ("cost", "import math\nfrom nas_asc import budget", "x.py:2: cost must not import budget"),
        ("cost", "from nas_asc.layers.shape import Shape", "x.py:1: import from nas_asc.layers, not from inside it"),
        ("cost", "from nas_asc.layer import Conv", "x.py:1: there is no room layer"),
        ("cost", "def f():\n    from nas_asc.layers import Conv", "x.py:2: an import of nas_asc.layers that is not at"),
        ("cost", "if TYPE_CHECKING:\n    import torch", "x.py:2: cost must not import torch"),
        ("cost", "from .formula import Count", "x.py:1: relative import"),
        ("report", "import optuna", "x.py:1: optuna belongs to the room search or propose"),
        ("models", "import onnxruntime", "x.py:1: onnxruntime belongs to the room prediction or export"),
        ("prediction", "import onnx", "x.py:1: onnx belongs to the room export"),
        ("prediction", "import onnxruntime\nimport torch", "x.py:2: prediction must not import torch"),
        ("search", "def f():\n    from rich.table import Table", "x.py:2: rich belongs to the room cli"),
    ],
)
def test_forbidden_import_is_named_with_file_and_line(room, text, fault):
    (found,) = _faults(text, room, "x.py")
    assert found.startswith(fault)


def test_imports_within_a_room_and_from_below_are_free():
    text = "from nas_asc.cost import Cost\nfrom nas_asc.budget.rules import Rules\nimport numpy as np"
    assert list(_faults(text, "budget", "x.py")) == []


def test_the_guide_shows_the_floors_and_the_doors():
    floors, doors = tables(load_page("rooms").text)
    expected = [_FLOORS[0] + _FLOORS[1], *_FLOORS[2:]]  # errors and units share the ground
    shown = {int(floor): sorted(spans(rooms)) for floor, rooms in floors[1:]}
    assert shown == {floor: sorted(rooms) for floor, rooms in enumerate(expected)}
    assert {package: tuple(spans(rooms)) for package, rooms in doors[1:]} == _ONLY_DOORS


def _loaded(code):
    script = f"import sys\n{code}\nprint([name for name in {_HEAVY!r} if name in sys.modules])"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def test_plain_data_rooms_load_nothing_heavy():
    assert _loaded("\n".join(f"import nas_asc.{room}" for room in _WITHOUT_TORCH)) == "[]"


def test_prediction_loads_nothing_heavy():
    assert _loaded("import nas_asc.prediction, nas_asc.cli.predict_command") == "[]"


@pytest.mark.parametrize("path", sorted((_PACKAGE / "cli").glob("*.py")), ids=lambda path: path.stem)
def test_command_line_neither_trains_nor_keeps_time_nor_opens_a_database(path):
    banned = {"torch", "time", "optuna", "sqlite3", "nas_asc.training", "nas_asc.evaluation", "nas_asc.search"}
    found = {module for _, module, _ in _imports(path.read_text(encoding="utf-8"))}
    assert not {module for module in found if module in banned or module.split(".")[0] in banned}


def test_help_loads_nothing_heavy():
    hush = "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):"
    assert _loaded(f"from nas_asc.cli import main\n{hush}\n    main(['--help'])") == "[]"


def _imported(text, modules):
    """Those of the modules that a text imports, wherever in it; `from package import module` is package.module."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in modules else node.module for name in names)


def _reachable(graph, start):
    """What a module imports, and what that imports, each with a shortest way to it; itself where it is in a ring."""
    ways, queue = {}, [(start,)]
    for way in queue:
        found = {name: (*way, name) for name in graph[way[-1]] if name not in ways}
        ways |= found
        queue.extend(found.values())
    return ways


def _rings(texts):
    """A shortest ring of each strongly connected component of modules, given by name and text."""
    graph = {name: sorted(set(_imported(text, texts))) for name, text in texts.items()}
    ways = {name: _reachable(graph, name) for name in sorted(graph)}
    seen = set()
    for name in (name for name in ways if name in ways[name] and name not in seen):
        component = {other for other in ways[name] if name in ways[other]}
        seen |= component
        yield " -> ".join(min((ways[one][one] for one in sorted(component)), key=len))


def _module_name(path):
    return ".".join(path.relative_to(_PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def test_no_files_import_each_other_in_a_ring():
    rings = list(_rings({_module_name(path): path.read_text(encoding="utf-8") for path in _PACKAGE.rglob("*.py")}))
    assert not rings, "\n".join(rings)


@pytest.mark.parametrize(
    ("texts", "rings"),
    [
        ({"a": "import b", "b": "import c", "c": ""}, []),
        ({"a": "import b", "b": "import a"}, ["a -> b -> a"]),
        ({"a": "import a"}, ["a -> a"]),
        ({"a": "import b", "b": "if TYPE_CHECKING:\n    from a import A"}, ["a -> b -> a"]),
        ({"a": "def f():\n    from b import B", "b": "import a"}, ["a -> b -> a"]),
        ({"a": "import b", "b": "import c", "c": "from a import A"}, ["a -> b -> c -> a"]),
        ({"p": "from p.a import A", "p.a": "from p import b", "p.b": ""}, []),
        ({"p": "from p.a import A", "p.a": "from p import B"}, ["p -> p.a -> p"]),
        ({"p": "", "p.a": "from p import b", "p.b": "from p import a"}, ["p.a -> p.b -> p.a"]),
        (
            {"a": "import b", "b": "import a\nimport c", "c": "import d", "d": "import c"},
            ["a -> b -> a", "c -> d -> c"],
        ),
        ({"a": "import b", "b": "import c", "c": "import a, b"}, ["b -> c -> b"]),
    ],
)
def test_ring_is_found_and_named(texts, rings):
    assert list(_rings(texts)) == rings
