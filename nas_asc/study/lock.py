"""One process at a time on a study.

Conventions:
    The operating system holds the lock and lets it go when the process ends, however it ends; a lock file that is
    left behind locks nothing. The file's text is the holder's process id.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nas_asc.errors import StudyError

_FILE = ".lock"
_held: set[Path] = set()  # a record lock does not exclude the process that has it


@contextmanager
def lock_study(folder: Path) -> Iterator[None]:
    """Hold a study while it is written to.

    Args:
        folder: Of the study; it exists.

    Raises:
        StudyError: Another process, or another search of this one, holds it; names the process id.
    """
    path = (folder / _FILE).resolve()
    if path in _held:
        raise _busy(folder, str(os.getpid()))
    with path.open("a+") as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.seek(0)
            raise _busy(folder, stream.read().strip() or "unknown") from None
        _held.add(path)
        try:
            stream.truncate(0)
            stream.write(str(os.getpid()))
            stream.flush()
            yield
        finally:
            stream.truncate(0)  # the file stays: taking it away would race with who waits for it
            _held.discard(path)


def is_locked(folder: Path) -> bool:
    """Whether a process is working on the study."""
    path = (folder / _FILE).resolve()
    if path in _held:
        return True
    if not path.exists():
        return False
    with path.open("a+") as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _busy(folder: Path, pid: str) -> StudyError:
    return StudyError(
        f"study {folder.name!r} is being written by another process (pid {pid})."
        f" Wait for it, stop it with `kill {pid}`, or give another name with --study."
    )
