"""The trained networks that a study keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nas_asc.errors import StudyError
from nas_asc.evaluation import PreparedData, TrainedNetwork
from nas_asc.frontend import LogMel
from nas_asc.layers import parse_architecture
from nas_asc.search import validate_data
from nas_asc.study import (
    TrialRecord,
    is_refitted,
    load_architecture,
    load_config,
    load_records,
    load_refit_card,
    load_weights,
    recommend,
    refit_dir,
    trial_dir,
)


@dataclass(frozen=True, eq=False)
class StoredNetwork:
    """A trained network of a study.

    Args:
        record: The record of its trial.
        is_refit: Whether it was trained once more on training and validation clips; else as in its trial.
        network: The network.
    """

    record: TrialRecord
    is_refit: bool
    network: TrainedNetwork


def find_network(
    folder: Path, prepared: PreparedData, *, number: int | None = None, layer_types: tuple[type, ...] = ()
) -> StoredNetwork:
    """The final network of a study, or one trial's.

    Args:
        folder: The folder of the study.
        prepared: The study's data, split as the study did.
        number: The number of a trial, for its network as it was trained there; None is the final network, and where
            there is none yet, the recommended trial's.
        layer_types: Layer classes of the space's own.

    Raises:
        StudyError: There is no such trial, or none is complete, or the data or their split are not those of the study.
    """
    config = load_config(folder)
    validate_data(config, prepared)
    records = load_records(folder)
    record = recommend(folder, config, records) if number is None else _find(records, number, config.name)
    if record is None:
        raise no_trials(config.name)
    card = load_refit_card(folder) if number is None and is_refitted(folder, record) else None
    place = trial_dir(folder, record.number) if card is None else refit_dir(folder)
    log_mel = record.log_mel if card is None else LogMel(**card["log_mel"])
    return StoredNetwork(record, card is not None, read_network(place, log_mel, layer_types))


def read_network(place: Path, log_mel: LogMel, layer_types: tuple[type, ...] = ()) -> TrainedNetwork:
    """The network whose files lie in a folder.

    Args:
        place: The place of a trial, of the refit, or of a training outside any study.
        log_mel: Front end of what it takes.
        layer_types: Layer classes of the space's own.

    Raises:
        StudyError: A file cannot be read; names it.
        LayerError: The network has a layer of an unknown class; names it.
    """
    architecture = parse_architecture(load_architecture(place), layer_types)
    return TrainedNetwork.from_arrays(architecture, log_mel, load_weights(place))


def no_trials(name: str) -> StudyError:
    """What is said of a study in which no trial is complete."""
    return StudyError(f"study {name!r} has no complete trial. Go on with `nas-asc resume {name}`.")


def _find(records: Sequence[TrialRecord], number: int, name: str) -> TrialRecord:
    for record in records:
        if record.number == number and record.is_complete:
            return record
    complete = [str(record.number) for record in records if record.is_complete]
    raise StudyError(
        f"study {name!r} has no complete trial {number}. The complete ones are {', '.join(complete) or 'none'}."
    )
