"""One process at a time on a study.

Conventions:
    The operating system holds the lock and lets it go when the process ends, however it ends; a lock file that is
    left behind locks nothing. The file's text is the holder's process id.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from nas_asc.errors import StudyError, WriteError, writing

_FILE = ".lock"
_held: set[Path] = set()  # a record lock does not exclude the process that has it
_TAKEN = (errno.EAGAIN, errno.EACCES)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def lock_study(folder: Path) -> Iterator[None]:
    """Hold a study while it is written to.

    Args:
        folder: The folder of the study; made where it is missing.

    Raises:
        StudyError: Another process, or another search of this one, holds it; names the process id. Or its file system
            has no locks.
        WriteError: Nobody may write there, or the disk is full.
    """
    path = (folder / _FILE).resolve()
    if path in _held:
        raise _busy(folder, str(os.getpid()))
    with _open(folder) as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise _without_locks(folder, error) from None
            stream.seek(0)
            raise _busy(folder, stream.read().strip()) from None
        _held.add(path)
        try:
            with writing(path):
                os.ftruncate(stream.fileno(), 0)
                os.write(stream.fileno(), str(os.getpid()).encode())
            yield
        finally:
            os.ftruncate(stream.fileno(), 0)  # the file stays: taking it away would race with who waits for it
            _held.discard(path)


def is_locked(folder: Path) -> bool | None:
    """Whether a process is working on the study; None where that cannot be told, as its file system has no locks.

    Args:
        folder: The folder of the study, which may be another's that can only be read.
    """
    path = (folder / _FILE).resolve()
    if path in _held:
        return True
    if not path.exists():
        return False
    with suppress(PermissionError), path.open() as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)  # which a file that is only read can have
        except OSError as error:
            return True if error.errno in _TAKEN else None
        return False
    return None


def _open(folder: Path) -> IO[str]:
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            return (folder / _FILE).open("a+")
        except OSError as error:
            if error.errno not in _FORBIDDEN:
                raise
            raise WriteError(
                f"study {folder.name!r} can only be read here ({error.strerror}). Go on with a copy of its folder;"
                " status, doctor, and report and export into another folder, read it where it is."
            ) from None


def _busy(folder: Path, pid: str) -> StudyError:
    who, stop = (f" (pid {pid})", f" stop it with `kill {pid}`,") if pid else ("", "")
    return StudyError(
        f"study {folder.name!r} is being written by another process{who}. Wait for it,{stop} or give another name."
    )


def _without_locks(folder: Path, error: OSError) -> StudyError:
    return StudyError(
        f"study {folder.name!r} cannot be held by one process alone: the file system of {folder.resolve()} has no locks"
        f" ({error.strerror}). Work in a folder on a local disk; a study that is here is copied there as it is."
    )
