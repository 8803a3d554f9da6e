"""The trained networks that a study keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from nas_asc.errors import StudyError
from nas_asc.evaluation import PreparedData
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture, parse_architecture
from nas_asc.study import (
    TrialRecord,
    final_dir,
    has_final,
    load_architecture,
    load_card,
    load_config,
    load_records,
    load_weights,
    recommend,
    trial_dir,
)


@dataclass(frozen=True, eq=False)
class StoredNetwork:
    """A trained network of a study.

    Args:
        record: Of its trial.
        is_final: Whether it was trained once more on training and validation clips; else as in its trial.
        architecture: What was trained in the end.
        log_mel: Front end of what it takes.
        state: Weights, buffers and standardisation.
    """

    record: TrialRecord
    is_final: bool
    architecture: Architecture
    log_mel: LogMel
    state: Mapping[str, Tensor]


def find_network(
    folder: Path, prepared: PreparedData, *, number: int | None = None, layer_types: tuple[type, ...] = ()
) -> StoredNetwork:
    """The final network of a study, or one trial's.

    Args:
        folder: Of the study.
        prepared: The study's data, split as the study did.
        number: Of a trial, for its network as it was trained there; None is the final network, and where there is
            none yet, the recommended trial's.
        layer_types: Layer classes of the space's own.

    Raises:
        StudyError: There is no such trial, or none is complete, or the data is not that of the study.
    """
    config = load_config(folder)
    if prepared.data_set.digest != config.data_digest:
        raise StudyError(
            f"study {config.name!r} was made with other data ({config.data or 'the embedded scenes'})."
            " Give the data it was searched with."
        )
    records = load_records(folder)
    record = recommend(folder, config, records) if number is None else _find(records, number, config.name)
    if record is None:
        raise StudyError(f"study {config.name!r} has no complete trial. Go on with `nas-asc resume {config.name}`.")
    is_final = number is None and has_final(folder, record)
    place = final_dir(folder) if is_final else trial_dir(folder, record.number)
    state = {name: torch.from_numpy(array) for name, array in load_weights(place).items()}
    architecture = parse_architecture(load_architecture(place), layer_types)
    log_mel = (_final_log_mel(folder) if is_final else None) or record.log_mel
    return StoredNetwork(record, is_final, architecture, log_mel, state)


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
