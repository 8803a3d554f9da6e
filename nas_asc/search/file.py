"""The file of a trial's network, int8 unless its recipe says other bits, and what was measured of it."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from nas_asc.evaluation import Outcome, PreparedData, export_network
from nas_asc.study import FILE_KINDS, FileRecord, TrialRecord


def file_bits(record: TrialRecord) -> int:
    """Bits of the weights in a trial's file: its recipe's, or else 8."""
    return record.recipe.bits or 8


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
    bits = file_bits(record)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{FILE_KINDS[bits]}.onnx"
        exported = export_network(
            path,
            outcome.architecture,
            outcome.state,
            prepared,
            log_mel=outcome.log_mel,
            recipe=record.recipe,
            name=f"{study} trial {record.number}",
            bits=bits,
            probabilities=outcome.probabilities,
            measures_noise=False,
        )
        contents = {file.name: file.read_bytes() for file in (path, path.with_suffix(".json"))}
    found = FileRecord(
        scores=exported.scores,
        agreement=exported.agreement,
        weight_bytes=exported.weight_bytes,
        file_bytes=exported.file_bytes,
        bits=bits,
    )
    return found, contents
