"""Reading a study's trials, finished or stopped, straight from its SQLite file, without Optuna.

Conventions:
    Optuna's schema; each trial carries its whole record as JSON in the user attribute `RECORD_ATTRIBUTE`.
"""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

from nas_asc.errors import StudyError
from nas_asc.study.record import TrialRecord

RECORD_ATTRIBUTE = "record"
WAITING = "study.db is locked by another program: waiting until it is free"
_WAIT_S = 2.0  # until it is said that a study is waited for
_LONG_WAIT_S = 60.0  # where nobody can be told
_DATABASE = "study.db"
_QUERY = """
    SELECT value_json FROM trials JOIN trial_user_attributes USING (trial_id)
    WHERE key = ? AND state IN ('COMPLETE', 'FAIL', 'PRUNED') ORDER BY number
"""


class DatabaseLockedError(StudyError):
    """Another program holds the file; nothing was read or written."""


def database_locked(path: Path) -> DatabaseLockedError:
    """The error that names a file which another program holds.

    Args:
        path: The path of the file.
    """
    return DatabaseLockedError(f"{path} is locked by another program. Close that program, then try again.")


def database_path(folder: Path) -> Path:
    """SQLite file of a study."""
    return folder / _DATABASE


def load_records(folder: Path, *, on_wait: Callable[[str], None] | None = None) -> list[TrialRecord]:
    """Every finished or stopped trial of a study, in order; some milliseconds for hundreds.

    Args:
        folder: The folder of the study; one without a database yet has no trials.
        on_wait: Told once that another program holds the database, which is then waited for; None waits a minute.

    Raises:
        StudyError: The database is damaged or no study's; names the file. Or another program holds it.
    """
    path = database_path(folder)
    if not path.exists():
        return []
    if on_wait is not None:
        try:
            return _read(path, timeout_s=_WAIT_S)
        except DatabaseLockedError:
            on_wait(WAITING)
    while True:
        try:
            return _read(path, timeout_s=_LONG_WAIT_S)
        except DatabaseLockedError:
            if on_wait is None:
                raise


def _read(path: Path, *, timeout_s: float) -> list[TrialRecord]:
    try:
        # "rw": a process killed in mid-write leaves a journal, which even a reader must roll back
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=timeout_s)
        try:
            rows = connection.execute(_QUERY, (RECORD_ATTRIBUTE,)).fetchall()
        finally:
            connection.close()
        return [TrialRecord.from_dict(json.loads(text)) for (text,) in rows]
    except sqlite3.OperationalError as error:
        code = error.sqlite_errorcode & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise database_locked(path) from None
        if code == sqlite3.SQLITE_READONLY:
            raise StudyError(
                f"{path} was left half written by a search that was killed, and cannot be mended here, as nobody may"
                " write. Copy the study's folder, and read the copy."
            ) from None
        if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL):  # what a killed process wrote cannot be rolled back
            raise StudyError(f"{path} cannot be read: {error}. Make room on its disk, then try again.") from None
        raise _unreadable(path, error) from None
    except (sqlite3.Error, KeyError, TypeError, ValueError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> StudyError:
    return StudyError(f"{path} cannot be read: {error}. Restore it from a copy, or start a new study.")
