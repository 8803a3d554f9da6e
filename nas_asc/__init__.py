"""Neural architecture and budget search for low-complexity acoustic scene classification."""

from importlib import import_module
from typing import Any

_ROOMS = {"Budget": "budget", "FeasibleSampler": "propose"}  # a name loads its room when it is used first

__all__ = ["Budget", "FeasibleSampler"]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return getattr(import_module(f"nas_asc.{_ROOMS[name]}"), name)
    raise AttributeError(f"module 'nas_asc' has no attribute {name!r}")
