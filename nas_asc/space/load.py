"""Space files: found by name or path, run, and rehearsed, so that a fault shows before a search begins."""

import hashlib
import linecache
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

from nas_asc.errors import LayerError, SpaceError, nearest
from nas_asc.frontend import Task
from nas_asc.space.function import innermost_place, place_error
from nas_asc.space.place import Place, fault, shown_path
from nas_asc.space.space import Space
from nas_asc.space.system import System

_N_REHEARSED = 64


def spaces_dir() -> Path:
    """Folder of the packaged space files: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).parents[1]
    inside = package / "search_spaces"
    return inside if inside.is_dir() else package.parent / "search_spaces"


def list_spaces() -> tuple[str, ...]:
    """Names of the packaged spaces, in alphabetical order."""
    return tuple(sorted(path.stem for path in spaces_dir().glob("*.py") if not path.stem.startswith("_")))


def load_space(name_or_path: str | Path) -> Space:
    """Space of a packaged name such as "cp_mobile", or of a file of your own.

    The file is run, and some random candidates are built from it for trial.

    Args:
        name_or_path: A packaged name; or a path, which ends in .py or has a separator.

    Raises:
        SpaceError: There is no such file, or anything in it is wrong; one line with file, line and remedy.
    """
    path = _find_file(name_or_path)
    space = _only_space(_run_file(path), path)
    rehearse(space)
    for target in space.targets[:1]:
        rehearse(space.for_target(target), n=_N_REHEARSED // 4, task=Task(target=target))
    return space


def find_system(name: str) -> tuple[Space, System]:
    """Packaged space and published system of a name such as "CP-Mobile-2024"; case does not matter.

    Raises:
        SpaceError: No packaged space has it; gives the nearest.
    """
    known: dict[str, tuple[Space, System]] = {}
    for space in map(load_space, list_spaces()):
        known.update({each: (space, system) for each, system in space.systems.items()})
    for each, found in known.items():
        if each.lower() == name.lower():
            return found
    raise fault(f"no published system named {name!r}", nearest(name, known, what="systems"))


def rehearse(space: Space, *, n: int = _N_REHEARSED, task: Task | None = None) -> None:
    """Build all systems, guesses and `n` random candidates, to find what is wrong with a space's functions.

    Args:
        space: What to try.
        n: Number of random candidates.
        task: What to build the random ones for; one second and ten classes by default.

    Raises:
        SpaceError: A function raises or gives something else, a system cannot be built, or no candidate can.
    """
    for system in space.systems.values():
        try:
            space.build(system.candidate, system.task)
        except LayerError as error:
            reason = f"system {system.name!r} cannot be built: {error} It is declared in {system.place}."
            raise SpaceError(reason) from None
    last: LayerError | None = None
    candidates = [*space.guesses, *space.draw_many(np.random.default_rng(0), n)]
    n_built = 0
    for candidate in candidates:
        try:
            space.build(candidate, task or Task())
        except LayerError as error:
            last = error
        else:
            n_built += 1
    if n_built == 0 and last is not None:
        raise SpaceError(f"no candidate of space {space.name!r} can be built; the last one: {last}")


def _find_file(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    if isinstance(name_or_path, str) and not text.endswith(".py") and "/" not in text and "\\" not in text:
        if text in list_spaces():
            return spaces_dir() / f"{text}.py"
        remedy = nearest(text, list_spaces(), what="packaged spaces")
        raise fault(f"no search space named {text!r}", f"{remedy} A path to a .py file works too.")
    path = Path(name_or_path)
    if not path.is_file():
        kind = "it is a folder" if path.is_dir() else "there is no such file"
        raise fault(f"cannot read the space file {shown_path(path)}: {kind}", "Give the path of a .py file.")
    return path


def _run_file(path: Path) -> ModuleType:
    file = str(path.resolve())
    linecache.checkcache(file)
    module = ModuleType(f"nas_asc_space_{path.stem}_{hashlib.sha256(file.encode()).hexdigest()[:8]}")
    module.__file__ = file
    sys.modules[module.__name__] = module  # dataclasses and pickle look a class's module up there
    try:
        exec(compile(path.read_text(encoding="utf-8"), file, "exec", dont_inherit=True), module.__dict__)
    except (UnicodeDecodeError, OSError, ValueError) as error:
        raise _file_fault(error, file) from error
    except SyntaxError as error:
        place = Place(error.filename or file, error.lineno or 1)
        raise fault(f"cannot read Python: {error.msg}", "Correct the syntax.", place) from None
    except (Exception, SystemExit) as error:
        raise _file_fault(error, file) from error
    return module


def _file_fault(error: BaseException, file: str) -> SpaceError:
    if isinstance(error, SpaceError):
        return error
    place = innermost_place(error.__traceback__, file) or Place(file, 1)
    return place_error(error, place, "the space file")


def _only_space(module: ModuleType, path: Path) -> Space:
    found = {id(value): (name, value) for name, value in vars(module).items() if isinstance(value, Space)}
    if not found:
        place = Place(str(path.resolve()), 1)
        raise fault("the file declares no space", "Write `space = Space(width=choice(16, 32), ...)`.", place)
    if len(found) > 1:
        (first, _), (second, space) = list(found.values())[:2]
        raise fault(f"the file declares two spaces, {first!r} and {second!r}", "Keep one a file.", space.place)
    return next(iter(found.values()))[1]
