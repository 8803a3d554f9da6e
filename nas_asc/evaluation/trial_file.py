"""The file of a training's network, int8 unless its recipe says other bits, and what was measured of it."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_asc.evaluation.export_network import begin_export
from nas_asc.evaluation.life import Outcome
from nas_asc.evaluation.prepared import PreparedData
from nas_asc.study import FileRecord, TrainingRecord


@dataclass(frozen=True, eq=False)
class TrialFile:
    """A file that was written and run.

    Args:
        record: What was measured of it.
        contents: The contents of the file and of its settings, by name.
        probabilities: (n, K) that it gives the validation clips.
    """

    record: FileRecord
    contents: Mapping[str, bytes]
    probabilities: NDArray[np.float32]


def begin_trial_file(
    outcome: Outcome, record: TrainingRecord, prepared: PreparedData, *, name: str
) -> Callable[[], TrialFile]:
    """What writes and scores the file of a trained network, in any thread; see `begin_export`.

    Args:
        outcome: The outcome of the training.
        record: The record of the training; gives bits and recipe.
        prepared: What it was trained on.
        name: The name of the network, for people.

    Raises:
        ExportError: The network cannot be written.
    """
    export = begin_export(
        Path(record.file_name),
        outcome.network,
        prepared,
        recipe=record.recipe,
        name=name,
        bits=record.bits,
        probabilities=outcome.probabilities,
        measures_noise=False,
    )

    def finish() -> TrialFile:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / record.file_name
            exported = export(path)
            contents = {file.name: file.read_bytes() for file in (path, path.with_suffix(".json"))}
        found = FileRecord(
            scores=exported.scores,
            agreement=exported.agreement,
            weight_bytes=exported.weight_bytes,
            file_bytes=exported.file_bytes,
            bits=record.bits,
        )
        return TrialFile(found, contents, exported.probabilities)

    return finish
