"""The score on the test clips, which no search has read."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from nas_asc.errors import ExportError
from nas_asc.evaluation import PreparedData, Worker, export_network, score_test, score_test_file
from nas_asc.handover.stored import StoredNetwork, find_network
from nas_asc.metrics import Scores
from nas_asc.study import TrialRecord


@dataclass(frozen=True)
class TestResult:
    """Scores of one network of a study on the test clips.

    Args:
        record: The record of its trial.
        is_refit: Whether it was trained once more on training and validation clips; else as in its trial.
        scores: The scores of the network in float on the test clips.
        file_scores: The scores of its file on the test clips, int8 unless its recipe says other bits; None
            where it cannot be exported.
    """

    __test__ = False  # no test class, whatever pytest makes of its name

    record: TrialRecord
    is_refit: bool
    scores: Scores
    file_scores: Scores | None


def evaluate_study(folder: Path, worker: Worker, *, number: int | None = None) -> TestResult:
    """Test scores of the final network, or of one trial's; this alone reads test clips.

    Args:
        folder: The folder of the study.
        worker: Predicts, on the study's clips.
        number: The number of a trial, for its network as it was trained there; None is the final network, and where
            there is none yet, the recommended trial's.

    Raises:
        StudyError: There is no such trial, or none is complete, or the data or their split are not those of the study.
        DataError: There are no labelled test clips, or audio cannot be read.
    """
    stored = find_network(folder, worker.prepared, number=number, layer_types=worker.layer_types)
    scores = score_test(stored.network, worker.prepared, torch_device=worker.torch_device)
    return TestResult(stored.record, stored.is_refit, scores, _score_file(stored, worker.prepared))


def _score_file(stored: StoredNetwork, prepared: PreparedData) -> Scores | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        try:
            export_network(
                path,
                stored.network,
                prepared,
                recipe=stored.record.recipe,
                name=f"trial {stored.record.number}",
                bits=stored.record.bits,
                measures_noise=False,
            )
        except ExportError:
            return None
        return score_test_file(path, prepared, log_mel=stored.network.log_mel)
