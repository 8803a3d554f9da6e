"""The int8 file of a trial's network, and what was measured of it."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from nas_asc.evaluation import Outcome, PreparedData, export_network
from nas_asc.study import FileRecord, TrialRecord

_STEM = "int8"
INT8_FILE = f"{_STEM}.onnx"


def export_trial(
    outcome: Outcome, record: TrialRecord, prepared: PreparedData, *, study: str
) -> tuple[FileRecord, Mapping[str, bytes]]:
    """What was measured of the file, and the content of the file and of its settings by name.

    Args:
        outcome: Of the trial's training.
        record: Of the trial.
        prepared: What it was trained on.
        study: Its name.

    Raises:
        ExportError: The network cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / INT8_FILE
        exported = export_network(
            path,
            outcome.architecture,
            outcome.state,
            prepared,
            log_mel=outcome.log_mel,
            recipe=record.recipe,
            name=f"{study} trial {record.number}",
            probabilities=outcome.probabilities,
            measures_noise=False,
        )
        contents = {file.name: file.read_bytes() for file in (path, path.with_suffix(".json"))}
    found = FileRecord(
        scores=exported.scores,
        agreement=exported.agreement,
        weight_bytes=exported.weight_bytes,
        file_bytes=exported.file_bytes,
    )
    return found, contents
