"""What a search keeps of each trial: its files first, then its row in the database, which then holds what is whole."""

from pathlib import Path

from nas_asc.evaluation import Result
from nas_asc.layers import format_architecture
from nas_asc.search.database import Database
from nas_asc.search.interrupt import delayed_interrupt
from nas_asc.space import Space
from nas_asc.study import (
    StudyConfig,
    TrialRecord,
    drop_checkpoints,
    load_records,
    tidy_trials,
    write_trial_files,
)


class Ledger:
    """The trials of an open study, in memory and on disk.

    Args:
        folder: Of the study, which is locked.
        config: Of the study.
        space: Its search space.
    """

    def __init__(self, folder: Path, config: StudyConfig, space: Space) -> None:
        self._folder = folder
        self.records = load_records(folder)
        self.n_before = len(self.records)
        self._database = Database(folder, config, space)
        tidy_trials(folder, self.n_before)
        for record in self.records:
            drop_checkpoints(folder, record)

    def keep(self, result: Result[TrialRecord]) -> None:
        """Write a trial that is new, or what became of one that was stopped.

        Args:
            result: Of its training.
        """
        record = result.record
        with delayed_interrupt():
            write_trial(self._folder, result)
            if record.number < len(self.records):
                self._database.replace(record)
                self.records[record.number] = record
                drop_checkpoints(self._folder, record)
            else:
                self._database.append(record)
                self.records.append(record)

    def close(self) -> None:
        """Let the database go."""
        self._database.close()


def write_trial(folder: Path, result: Result[TrialRecord]) -> None:
    """Put the files of a trial in place.

    Args:
        folder: Of the study.
        result: Of its training.
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
