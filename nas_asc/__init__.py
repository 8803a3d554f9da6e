"""Neural architecture and budget search for low-complexity acoustic scene classification.

Conventions:
    A name is loaded when it is first asked for: importing this package loads neither torch nor anything else heavy.
"""

import warnings
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nas_asc.budget import Budget
    from nas_asc.errors import NasAscError
    from nas_asc.frontend import LogMel
    from nas_asc.library import (
        PrintingListener,
        Study,
        count_cost,
        open_data,
        open_study,
        plan_search,
        run_search,
        train_design,
    )
    from nas_asc.prediction import load_model
    from nas_asc.propose import FeasibleSampler
    from nas_asc.recipe import Recipe
    from nas_asc.space import Space, choice, fraction, integer, optional, powers_of_two, real

    __version__: str

__all__ = [
    "Budget",
    "FeasibleSampler",
    "LogMel",
    "NasAscError",
    "PrintingListener",
    "Recipe",
    "Space",
    "Study",
    "__version__",
    "choice",
    "count_cost",
    "fraction",
    "integer",
    "load_model",
    "open_data",
    "open_study",
    "optional",
    "plan_search",
    "powers_of_two",
    "real",
    "run_search",
    "train_design",
]

_ROOMS = {
    "budget": ("Budget",),
    "errors": ("NasAscError",),
    "frontend": ("LogMel",),
    "prediction": ("load_model",),
    "propose": ("FeasibleSampler",),
    "recipe": ("Recipe",),
    "space": ("Space", "choice", "fraction", "integer", "optional", "powers_of_two", "real"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        try:
            return version("nas-asc")
        except PackageNotFoundError:
            return "unknown"
    if name not in __all__:
        raise AttributeError(f"module 'nas_asc' has no attribute {name!r}")
    with warnings.catch_warnings():  # that optuna finds no widgets for bars, which this package never shows
        warnings.filterwarnings("ignore", message="IProgress not found")
        return getattr(import_module(f"nas_asc.{_ROOM_OF.get(name, 'library')}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
