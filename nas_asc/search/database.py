"""The study's SQLite database in Optuna's schema, written with trials that are finished or stopped at a rung.

Conventions:
    Sampling happens elsewhere, in memory; a trial is one transaction, so none is ever left RUNNING.
    Parameters are the values of active axes, a fraction's its share; the whole record is a user attribute.
    A trial stopped at a rung is PRUNED to Optuna, which never changes such a trial; when it goes on, its row is changed
    by SQL, in one transaction.
"""

import errno
import json
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from nas_asc.errors import StudyError, WriteError, unwritable
from nas_asc.space import Axis, Candidate, Space
from nas_asc.study import (
    RECORD_ATTRIBUTE,
    StudyConfig,
    TrialRecord,
    clean_partial,
    database_locked,
    database_path,
    objective_values,
)

_WAIT_S = 2.0  # for another program that holds the file
_HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_REFUSED = {  # each with the system's number of what is most likely behind it
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EFBIG,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
}
_PLAIN = (bool, int, float, str)
_STATES = {"complete": TrialState.COMPLETE, "failed": TrialState.FAIL, "stopped": TrialState.PRUNED}


class Database:
    """Where finished and stopped trials go.

    Args:
        folder: The folder of the study; its database is made where it is missing.
        config: Gives name and objectives.
        space: Gives the axes.

    Raises:
        StudyError: The file cannot be read.
        DatabaseLockedError: Another program holds it.
        WriteError: It cannot be made.
    """

    def __init__(self, folder: Path, config: StudyConfig, space: Space) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        path = database_path(folder)
        if not path.exists():
            _create(path, config)
        self._path = path
        self._space = space
        self._minimised = config.minimised
        try:
            with _told(path):
                self._storage = _open(path)
                self._study = optuna.load_study(study_name=None, storage=self._storage)
        except (KeyError, ValueError, optuna.exceptions.OptunaError) as error:
            raise StudyError(f"{path} cannot be read: {error}. Restore it from a copy, or start a new study.") from None

    def append(self, record: TrialRecord) -> None:
        """Write a new trial, whole or not at all.

        Raises:
            StudyError: Its number is not the next one.
            DatabaseLockedError: Another program holds the file.
            WriteError: The disk is full.
        """
        params, distributions = self._parameters(record)
        with _told(self._path):
            n_trials = self._count()
            if record.number != n_trials:
                raise StudyError(f"trial {record.number} cannot be written: study.db has {n_trials} trials. Resume it.")
            try:
                self._add(record, params, distributions)
            except ValueError:
                # Optuna refuses new choices of a known axis; after an accepted change the record alone has the values
                self._add(record, {}, {})

    def replace(self, record: TrialRecord) -> None:
        """Write what became of a trial that was stopped, whole or not at all.

        Raises:
            StudyError: It was not stopped.
            DatabaseLockedError: Another program holds the file.
            WriteError: The disk is full.
        """
        with _told(self._path), closing(sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None)) as file:
            file.execute("BEGIN IMMEDIATE")
            self._change(file, record)
            file.execute("COMMIT")  # what was not committed is rolled back

    def _change(self, connection: sqlite3.Connection, record: TrialRecord) -> None:
        found = connection.execute("SELECT trial_id, state FROM trials WHERE number = ?", (record.number,)).fetchone()
        if found is None or found[1] != TrialState.PRUNED.name:
            raise StudyError(
                f"trial {record.number} cannot go on: it is not stopped in {self._path}. Resume the study."
            )
        state, trial_id = _STATES[record.state].name, found[0]
        now = datetime.now().isoformat(sep=" ")
        connection.execute(
            "UPDATE trials SET state = ?, datetime_complete = ? WHERE trial_id = ?", (state, now, trial_id)
        )
        connection.execute(
            "UPDATE trial_user_attributes SET value_json = ? WHERE trial_id = ? AND key = ?",
            (json.dumps(record.to_dict()), trial_id, RECORD_ATTRIBUTE),
        )
        connection.executemany(
            "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, ?, ?, 'FINITE')",
            [(trial_id, row, value) for row, value in enumerate(self._values(record) or ())],
        )

    def close(self) -> None:
        """Let the file go."""
        _close(self._storage)

    def _count(self) -> int:
        """Number of trials in the file; Optuna's own way reads them all."""
        with self._storage.engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT COUNT(*) FROM trials").scalar_one())

    def _add(self, record: TrialRecord, params: dict[str, Any], distributions: dict[str, BaseDistribution]) -> None:
        trial = optuna.trial.create_trial(
            state=_STATES[record.state],
            values=self._values(record),
            params=params,
            distributions=distributions,
            user_attrs={RECORD_ATTRIBUTE: record.to_dict()},
        )
        ended = trial.datetime_complete or datetime.now()
        trial.datetime_start = ended - timedelta(seconds=record.seconds)
        self._study.add_trial(trial)

    def _values(self, record: TrialRecord) -> tuple[float, ...] | None:
        return None if record.scores is None else objective_values(self._minimised, record.cost, record.scores)

    def _parameters(self, record: TrialRecord) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
        candidate = self._space.candidate_from(record.values)
        params, distributions = {}, {}
        for name, axis in self._space.axes.items():
            if name in record.values:
                distributions[name] = _distribution(axis)
                params[name] = _value(axis, candidate)
        return params, distributions


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what SQLite, SQLAlchemy or Optuna say of a file that is held, or cannot be written, into one error."""
    try:
        yield
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, sqlite3.OperationalError):
                code = cause.sqlite_errorcode & 0xFF
                if code in _HELD:
                    raise database_locked(path) from None
                if code in _REFUSED:
                    raise unwritable(path, str(cause), code=_REFUSED[code]) from None
            cause = cause.__cause__
        raise


def _create(path: Path, config: StudyConfig) -> None:
    clean_partial(path.parent)  # with the journal of a process that was killed, which SQLite would apply
    beside = path.with_name(f".partial-{path.name}")
    try:
        with _told(path):
            storage = _open(beside)
            study = optuna.create_study(
                study_name=config.name, storage=storage, directions=["minimize"] * len(config.minimised)
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                study.set_metric_names(list(config.minimised))
            _close(storage)
    except WriteError:
        clean_partial(path.parent)
        raise
    beside.rename(path)


def _open(path: Path) -> optuna.storages.RDBStorage:
    return optuna.storages.RDBStorage(f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": _WAIT_S}})


def _close(storage: optuna.storages.RDBStorage) -> None:
    storage.remove_session()
    storage.engine.dispose()


def _distribution(axis: Axis) -> BaseDistribution:
    if axis.kind == "choice":
        return CategoricalDistribution([_plain(value) for value in axis.values])  # type: ignore[attr-defined]
    low, high, log = axis.low, axis.high, axis.log  # type: ignore[attr-defined]
    if axis.kind == "real":
        return FloatDistribution(low, high, log=log)
    step = axis.step  # type: ignore[attr-defined]
    return IntDistribution(low, high, step=step, log=log and step == 1)


def _value(axis: Axis, candidate: Candidate) -> Any:
    code = candidate.code[candidate.names.index(axis.name)]
    return _plain(axis.values[int(code)]) if axis.kind == "choice" else code  # type: ignore[attr-defined]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, _PLAIN) else str(value)
