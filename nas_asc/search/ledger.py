"""What a search keeps of each trial: its files first, then its row in the database, which then holds what is whole.

Conventions:
    A trial whose files are whole is taken up by the next search where its row is missing: a search may be killed
    between the two, or while another program holds the database.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from nas_asc.evaluation import Result
from nas_asc.layers import format_architecture
from nas_asc.search.database import Database
from nas_asc.search.interrupt import delayed_interrupt
from nas_asc.space import Space
from nas_asc.study import (
    WAITING,
    DatabaseLockedError,
    StudyConfig,
    TrialRecord,
    drop_checkpoints,
    load_records,
    load_trial_record,
    tidy_trials,
    write_trial_files,
)

T = TypeVar("T")


class Ledger:
    """The trials of an open study, in memory and on disk.

    Args:
        folder: The folder of the study, which is locked.
        config: The config of the study.
        space: Its search space.
        on_note: Told once each time that another program holds the database.
    """

    def __init__(self, folder: Path, config: StudyConfig, space: Space, *, on_note: Callable[[str], None]) -> None:
        self._folder = folder
        self._on_note = on_note
        self.records = load_records(folder, on_wait=on_note)
        self._database = self._patiently(lambda: Database(folder, config, space))
        self._take_up()
        self.n_before = len(self.records)
        tidy_trials(folder, self.n_before)
        for record in self.records:
            drop_checkpoints(folder, record)

    def keep(self, result: Result[TrialRecord]) -> None:
        """Write a trial that is new, or what became of one that was stopped; waits while the database is held.

        Args:
            result: The result of its training.

        Raises:
            KeyboardInterrupt: Ctrl-C while the database is held; a new trial's files are whole.
        """
        record = result.record
        with delayed_interrupt() as is_interrupted:
            write_trial(self._folder, result)
            if record.number < len(self.records):
                self._patiently(lambda: self._database.replace(record), is_interrupted)
                self.records[record.number] = record
                drop_checkpoints(self._folder, record)
            else:
                self._append(record, is_interrupted)

    def close(self) -> None:
        """Let the database go."""
        self._database.close()

    def _append(self, record: TrialRecord, is_interrupted: Callable[[], bool] = lambda: False) -> None:
        self._patiently(lambda: self._database.append(record), is_interrupted)
        self.records.append(record)

    def _take_up(self) -> None:
        """Record trials whose files a search wrote that was killed before their row."""
        while (found := load_trial_record(self._folder, len(self.records))) is not None:
            if found.key in {record.key for record in self.records}:
                break
            self._append(found)

    def _patiently(self, do: Callable[[], T], is_interrupted: Callable[[], bool] = lambda: False) -> T:
        is_told = False
        while True:
            try:
                return do()
            except DatabaseLockedError:
                if is_interrupted():
                    raise KeyboardInterrupt from None
                if not is_told:
                    self._on_note(WAITING)
                is_told = True


def write_trial(folder: Path, result: Result[TrialRecord]) -> None:
    """Put the files of a trial in place.

    Args:
        folder: The folder of the study.
        result: The result of its training.
    """
    network = result.network
    write_trial_files(
        folder,
        result.record,
        curve=result.curve,
        weights=None if network is None else network.to_arrays(),
        architecture=None if network is None else format_architecture(network.architecture),
        others=result.files,
    )
