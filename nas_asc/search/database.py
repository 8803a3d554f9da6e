"""The study's SQLite database in Optuna's schema, written with finished trials only.

Conventions:
    Sampling happens elsewhere, in memory; a trial is one transaction, so none is ever left RUNNING.
    Parameters are the values of active axes, a fraction's its share; the whole record is a user attribute.
"""

import warnings
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from nas_asc.errors import StudyError
from nas_asc.space import Axis, Candidate, Space
from nas_asc.study import RECORD_ATTRIBUTE, StudyConfig, TrialRecord, database_path, objective_values

_PLAIN = (bool, int, float, str)


class Database:
    """Where finished trials go.

    Args:
        folder: Of the study; its database is made where it is missing.
        config: Gives name and objectives.
        space: Gives the axes.
    """

    def __init__(self, folder: Path, config: StudyConfig, space: Space) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        path = database_path(folder)
        if not path.exists():
            _create(path, config)
        self._space = space
        self._minimised = config.minimised
        self._storage = _open(path)
        try:
            self._study = optuna.load_study(study_name=None, storage=self._storage)
        except (KeyError, ValueError, optuna.exceptions.OptunaError) as error:
            raise StudyError(f"{path} cannot be read: {error}. Restore it from a copy, or start a new study.") from None

    def append(self, record: TrialRecord) -> None:
        """Write a finished trial, whole or not at all.

        Raises:
            StudyError: Its number is not the next one.
        """
        n_trials = self._count()
        if record.number != n_trials:
            raise StudyError(f"trial {record.number} cannot be written: study.db has {n_trials} trials. Resume it.")
        params, distributions = self._parameters(record)
        try:
            self._add(record, params, distributions)
        except ValueError:
            # Optuna refuses new choices of a known axis; after an accepted change the record alone has the values
            self._add(record, {}, {})

    def close(self) -> None:
        """Let the file go."""
        _close(self._storage)

    def _count(self) -> int:
        """Number of trials in the file; Optuna's own way reads them all."""
        with self._storage.engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT COUNT(*) FROM trials").scalar_one())

    def _add(self, record: TrialRecord, params: dict[str, Any], distributions: dict[str, BaseDistribution]) -> None:
        values = None
        if record.scores is not None:
            values = objective_values(self._minimised, record.cost, record.scores)
        trial = optuna.trial.create_trial(
            state=TrialState.COMPLETE if record.is_complete else TrialState.FAIL,
            values=values,
            params=params,
            distributions=distributions,
            user_attrs={RECORD_ATTRIBUTE: record.to_dict()},
        )
        trial.datetime_start = datetime.now() - timedelta(seconds=record.seconds)
        self._study.add_trial(trial)

    def _parameters(self, record: TrialRecord) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
        candidate = self._space.candidate_from(record.values)
        params, distributions = {}, {}
        for name, axis in self._space.axes.items():
            if name in record.values:
                distributions[name] = _distribution(axis)
                params[name] = _value(axis, candidate)
        return params, distributions


def _create(path: Path, config: StudyConfig) -> None:
    beside = path.with_name(f".partial-{path.name}")
    beside.unlink(missing_ok=True)
    storage = _open(beside)
    study = optuna.create_study(
        study_name=config.name, storage=storage, directions=["minimize"] * len(config.minimised)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names(list(config.minimised))
    _close(storage)
    beside.rename(path)


def _open(path: Path) -> optuna.storages.RDBStorage:
    return optuna.storages.RDBStorage(f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": 60}})


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
