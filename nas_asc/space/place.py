"""Where in a user's file something stands, and how an error names it."""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from nas_asc.errors import SpaceError

_ROOM = str(Path(__file__).parent)


@dataclass(frozen=True)
class Place:
    """A line of a file.

    Args:
        file: Path as Python knows it.
        line: Counted from one.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{shown_path(self.file)}, line {self.line}"


def shown_path(file: str | Path) -> str:
    """Path as errors show it: relative to the current folder where it lies below it."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def caller_frame() -> FrameType:
    """Innermost frame that is not of this room: the user's own line."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_ROOM):
        frame = frame.f_back
    assert frame is not None, "a frame outside the room always exists"
    return frame


def caller_place() -> Place:
    """Place of the user's line that called into this room."""
    frame = caller_frame()
    return Place(frame.f_code.co_filename, frame.f_lineno)


def fault(reason: str, remedy: str, place: Place | None = None) -> SpaceError:
    """Error in one line: reason, place, remedy.

    >>> print(fault("an axis has no values", "Give at least one.", Place("deep.py", 3)))
    an axis has no values (deep.py, line 3). Give at least one.
    """
    where = f" ({place})" if place else ""
    return SpaceError(f"{' '.join(reason.split())}{where}. {remedy}")
