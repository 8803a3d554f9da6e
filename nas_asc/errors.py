"""The errors a user can cause or meet: one base class, one child a situation, each also a fitting built-in; a remedy.

Conventions:
    A message is one line: the rule with the parameter in backticks, what came, where, and what to do.
    Inner code gives the reason; a room's public entry adds the place once (`raise ... from None`).
"""

import difflib
import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class NasAscError(Exception):
    """Base of every error that is the input's fault, not ours; the command line prints it as one line."""


class UnitError(NasAscError, ValueError):
    """A count, size or duration that cannot be read."""


class LayerError(NasAscError, ValueError):
    """A layer that cannot take its input, or a value that a layer cannot have."""


class FrontEndError(NasAscError, ValueError):
    """A log-mel front end that cannot be computed."""


class RecipeError(NasAscError, ValueError):
    """A training recipe with a value out of range."""


class SpaceError(NasAscError, ValueError):
    """A space file, an axis or a candidate that breaks the rules of the language."""


class BudgetError(NasAscError, ValueError):
    """A budget or a rule set that cannot be read."""


class DataError(NasAscError, ValueError):
    """A data set that is missing, not recognised, damaged, or cannot be split as asked."""


class ModelFileError(NasAscError, ValueError):
    """A model file that is missing, is none, or was not written by this program."""


class StudyError(NasAscError, RuntimeError):
    """A study that cannot be opened, does not match what was asked, or is already there."""


class TrainingError(NasAscError, RuntimeError):
    """A training that diverged or could not go on; it fails one trial, never a search."""


class OutOfMemoryError(TrainingError):
    """A training for which there was not enough memory; a smaller batch may find it."""


class CompressionError(NasAscError, RuntimeError):
    """A network that cannot be made smaller or quantised as asked."""


class ExportError(NasAscError, RuntimeError):
    """A model file that cannot be written or read."""


class GuideError(NasAscError, ValueError):
    """A topic that the guide does not have."""


class WriteError(NasAscError, OSError):
    """A file that cannot be written: the disk is full, or nobody may write there."""


class NothingFitsError(NasAscError, RuntimeError):
    """No candidate of the space fits the budget; the command line exits with 3."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says of a file that cannot be written into one line.

    Args:
        path: The path of the file, or of the folder that it goes into.

    Raises:
        WriteError: The block raised an `OSError`; names the path, the reason and the remedy.

    >>> with writing(Path("/dev/null/x")):
    ...     open("/dev/null/x", "w")
    Traceback (most recent call last):
    nas_asc.errors.WriteError: /dev/null/x cannot be written: Not a directory.
    """
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        raise unwritable(path, str(error.strerror or error), code=error.errno) from None


def is_refused(error: OSError) -> bool:
    """Whether the system refused a file for lack of room, permission or locks, which is no fault in the program.

    >>> is_refused(PermissionError(errno.EACCES, "Permission denied")), is_refused(FileNotFoundError())
    (True, False)
    """
    return error.errno in (*_FULL, *_FORBIDDEN, errno.ENOLCK)


def unwritable(path: Path, reason: str, *, code: int | None = None) -> WriteError:
    """The error that names a file that cannot be written.

    Args:
        path: The path of the file.
        reason: Why, in the system's words.
        code: The system's number of the reason, such as `errno.ENOSPC`.
    """
    remedy = " Make room there, then go on." if code in _FULL else ""
    remedy = " Write to another folder, or have it opened to you." if code in _FORBIDDEN else remedy
    return WriteError(f"{path} cannot be written: {reason}.{remedy}")


def nearest(word: str, known: Iterable[str], *, what: str) -> str:
    """Remedy for an unknown word: the nearest known one, or all of them.

    >>> nearest("widht", ["width", "depth"], what="axes")
    "Did you mean 'width'?"
    >>> nearest("zzz", ["width", "depth"], what="axes")
    'The axes are width, depth.'
    """
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"The {what} are {', '.join(names)}."
