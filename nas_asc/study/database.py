"""Reading a study's trials, finished or stopped, straight from its SQLite file, without Optuna.

Conventions:
    Optuna's schema; each trial carries its whole record as JSON in the user attribute `RECORD_ATTRIBUTE`.
"""

import json
import sqlite3
from pathlib import Path

from nas_asc.errors import StudyError
from nas_asc.study.record import TrialRecord

RECORD_ATTRIBUTE = "record"
_DATABASE = "study.db"
_QUERY = """
    SELECT value_json FROM trials JOIN trial_user_attributes USING (trial_id)
    WHERE key = ? AND state IN ('COMPLETE', 'FAIL', 'PRUNED') ORDER BY number
"""


def database_path(folder: Path) -> Path:
    """SQLite file of a study."""
    return folder / _DATABASE


def load_records(folder: Path) -> list[TrialRecord]:
    """Every finished or stopped trial of a study, in order; some milliseconds for hundreds.

    Args:
        folder: Of the study; one without a database yet has no trials.

    Raises:
        StudyError: The database is damaged or no study's; names the file.
    """
    path = database_path(folder)
    if not path.exists():
        return []
    try:
        # "rw": a process killed in mid-write leaves a journal, which even a reader must roll back
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=60)
        try:
            rows = connection.execute(_QUERY, (RECORD_ATTRIBUTE,)).fetchall()
        finally:
            connection.close()
        return [TrialRecord.from_dict(json.loads(text)) for (text,) in rows]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise _unreadable(path, error) from None
        raise StudyError(f"{path} is locked by another program. Close that program, then try again.") from None
    except (sqlite3.Error, KeyError, TypeError, ValueError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> StudyError:
    return StudyError(f"{path} cannot be read: {error}. Restore it from a copy, or start a new study.")
