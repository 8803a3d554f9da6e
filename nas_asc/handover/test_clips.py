"""The score on the test clips, which no search has read."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

from nas_asc.errors import ExportError
from nas_asc.evaluation import PreparedData, export_network, score_test, score_test_file
from nas_asc.handover.stored import StoredNetwork, find_network
from nas_asc.metrics import Scores
from nas_asc.search.file import file_bits
from nas_asc.study import TrialRecord, design_of


@dataclass(frozen=True)
class TestResult:
    """Scores of one network of a study on the test clips.

    Args:
        record: Of its trial.
        is_final: Whether it was trained once more on training and validation clips; else as in its trial.
        scores: Of the network in float on the test clips.
        file_scores: Of its file on the test clips, int8 unless its recipe says other bits; None where it cannot be
            exported.
    """

    __test__ = False  # no test class, whatever pytest makes of its name

    record: TrialRecord
    is_final: bool
    scores: Scores
    file_scores: Scores | None


def evaluate_study(
    folder: Path,
    prepared: PreparedData,
    *,
    number: int | None = None,
    layer_types: tuple[type, ...] = (),
    torch_device: torch.device,
) -> TestResult:
    """Test scores of the final network, or of one trial's; this alone reads test clips.

    Args:
        folder: Of the study.
        prepared: The study's data, split as the study did.
        number: Of a trial, for its network as it was trained there; None is the final network, and where there is
            none yet, the recommended trial's.
        layer_types: Layer classes of the space's own.
        torch_device: Where to compute.

    Raises:
        StudyError: There is no such trial, or none is complete, or the data is not that of the study.
        DataError: There are no labelled test clips, or audio cannot be read.
    """
    network = find_network(folder, prepared, number=number, layer_types=layer_types)
    scores = score_test(
        design_of(network.record, layer_types=layer_types),
        network.state,
        prepared,
        torch_device=torch_device,
        architecture=network.architecture,
        log_mel=network.log_mel,
    )
    return TestResult(network.record, network.is_final, scores, _score_file(network, prepared))


def _score_file(network: StoredNetwork, prepared: PreparedData) -> Scores | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        try:
            export_network(
                path,
                network.architecture,
                network.state,
                prepared,
                log_mel=network.log_mel,
                recipe=network.record.recipe,
                name=f"trial {network.record.number}",
                bits=file_bits(network.record),
                measures_noise=False,
            )
        except ExportError:
            return None
        return score_test_file(path, prepared, log_mel=network.log_mel)
