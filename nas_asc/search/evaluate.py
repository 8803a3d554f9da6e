"""The score on the test clips, which no search has read."""

from dataclasses import dataclass
from pathlib import Path

import torch

from nas_asc.errors import StudyError
from nas_asc.evaluation import PreparedData, score_test
from nas_asc.frontend import LogMel
from nas_asc.layers import parse_architecture
from nas_asc.metrics import Scores
from nas_asc.search.final import design_of, has_final
from nas_asc.study import (
    TrialRecord,
    final_dir,
    load_architecture,
    load_card,
    load_config,
    load_records,
    load_weights,
    recommended,
    trial_dir,
)


@dataclass(frozen=True)
class TestResult:
    """Scores of one network of a study on the test clips.

    Args:
        record: Of its trial.
        is_final: Whether it was trained once more on training and validation clips; else as in its trial.
        scores: On the test clips.
    """

    __test__ = False  # no test class, whatever pytest makes of its name

    record: TrialRecord
    is_final: bool
    scores: Scores


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
    config = load_config(folder)
    if prepared.data_set.digest != config.data_digest:
        raise StudyError(
            f"study {config.name!r} was made with other data ({config.data or 'the embedded scenes'})."
            " Evaluate it with the data it was searched with."
        )
    records = load_records(folder)
    if number is None:
        record = recommended(records, budget=config.budget, objective=config.score)
    else:
        record = _find(records, number, config.name)
    if record is None:
        raise StudyError(f"study {config.name!r} has no complete trial. Go on with `nas-asc resume {config.name}`.")
    is_final = number is None and has_final(folder, record)
    place = final_dir(folder) if is_final else trial_dir(folder, record.number)
    state = {name: torch.from_numpy(array) for name, array in load_weights(place).items()}
    design = design_of(record, layer_types=layer_types)
    architecture = parse_architecture(load_architecture(place), layer_types)
    scores = score_test(
        design,
        state,
        prepared,
        torch_device=torch_device,
        architecture=architecture,
        log_mel=_final_log_mel(folder) if is_final else None,
    )
    return TestResult(record, is_final, scores)


def _final_log_mel(folder: Path) -> LogMel | None:
    card = load_card(folder)
    return None if card is None else LogMel(**card["log_mel"])


def _find(records: list[TrialRecord], number: int, name: str) -> TrialRecord:
    for record in records:
        if record.number == number and record.is_complete:
            return record
    complete = [str(record.number) for record in records if record.is_complete]
    raise StudyError(
        f"study {name!r} has no complete trial {number}. The complete ones are {', '.join(complete) or 'none'}."
    )
