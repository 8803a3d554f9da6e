"""The files of one trial: trials/<number>/, and of the network that is handed over: final/.

Conventions:
    Weights are numpy arrays by the module's names, kept as safetensors. A trial that is stopped at a rung has instead
    of weights a checkpoint named by its epochs, which is gone when the trial is finished.
"""

import csv
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from nas_asc.errors import StudyError
from nas_asc.study.file import clean_partial, write_file, write_folder
from nas_asc.study.record import TrialRecord

Weights = Mapping[str, np.ndarray]
_TRIALS = "trials"
_FINAL = "final"
WEIGHTS = "weights.safetensors"
_ARCHITECTURE = "architecture.txt"
CARD = "card.json"
_METRICS = "metrics.json"
_CHECKPOINTS = "checkpoint-*.pt"


def trial_dir(folder: Path, number: int) -> Path:
    """Folder of one trial's files."""
    return folder / _TRIALS / str(number)


def refit_dir(folder: Path) -> Path:
    """Folder of the network that the study hands over."""
    return folder / _FINAL


def write_trial_files(
    folder: Path,
    record: TrialRecord,
    *,
    curve: Sequence[Any] = (),
    weights: Weights | None = None,
    architecture: str | None = None,
    others: Mapping[str, bytes] = MappingProxyType({}),
) -> Path:
    """Folder with the files of one trial, put in place whole.

    A trial that goes on from a rung has a folder already: its files are put in place one by one, and what it went on
    from stays until `drop_checkpoints`.

    Args:
        folder: The folder of the study.
        record: The record of the trial.
        curve: Rows of its learning curve, dataclasses of one kind.
        weights: The weights of the trained network; None where there are none.
        architecture: Canonical text of the network that the weights belong to; None is the record's.
        others: Content of further files by name, such as the int8 file.
    """
    text = architecture or record.architecture
    contents = pack_training(
        record.to_dict(), card_name=_METRICS, architecture=text, curve=curve, weights=weights, others=others
    )
    path = trial_dir(folder, record.number)
    if not (record.rungs and path.exists()):
        write_folder(path, contents, root=folder)
        return path
    for name, content in contents.items():
        write_file(path / name, content)
    return path


def load_trial_record(folder: Path, number: int) -> TrialRecord | None:
    """Record of the trial whose files lie in the folder of that number; None where there is none that can be read.

    Args:
        folder: The folder of the study.
        number: The number of the trial.
    """
    try:
        record = TrialRecord.from_dict(json.loads((trial_dir(folder, number) / _METRICS).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if record.number == number else None


def load_speed(folder: Path, record: TrialRecord) -> float | None:
    """Clips a second at which a trial's network was trained, by its learning curve; None where nothing tells.

    Args:
        folder: The folder of the study.
        record: The record of the trial.
    """
    try:
        with (trial_dir(folder, record.number) / "curve.csv").open(newline="") as file:
            rates = [float(row["clips_per_s"]) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError):
        return None
    later = rates[1:] or rates  # the first epoch makes ready
    return len(later) / sum(1 / rate for rate in later) if later and min(later) > 0 else None


def checkpoint_name(epochs: int) -> str:
    """File of a training that is stopped after so many epochs."""
    return f"checkpoint-{epochs}.pt"


def load_checkpoint(folder: Path, record: TrialRecord) -> bytes | None:
    """What a stopped trial goes on with; None where the file is gone.

    Args:
        folder: The folder of the study.
        record: The record of a trial with a rung.
    """
    path = trial_dir(folder, record.number) / checkpoint_name(record.rungs[-1].epochs)
    try:
        return path.read_bytes()
    except OSError:
        return None


def drop_checkpoints(folder: Path, record: TrialRecord) -> None:
    """Remove the checkpoints of a trial that it does not stand at, and what a killed process left half written.

    Args:
        folder: The folder of the study.
        record: The record of the trial.
    """
    path = trial_dir(folder, record.number)
    kept = checkpoint_name(record.rungs[-1].epochs) if record.is_stopped else None
    for file in path.glob(_CHECKPOINTS):
        if file.name != kept:
            file.unlink(missing_ok=True)
    clean_partial(path)


def checkpoint_bytes(folder: Path) -> int:
    """Bytes that the checkpoints of a study's stopped trials take."""
    return sum(file.stat().st_size for file in (folder / _TRIALS).glob(f"*/{_CHECKPOINTS}"))


def write_refit_files(
    folder: Path, card: Mapping[str, Any], *, architecture: str, weights: Weights, curve: Sequence[Any] = ()
) -> Path:
    """Folder with the network that the study hands over, put in place whole.

    Args:
        folder: The folder of the study.
        card: All that is needed to run it, as plain data.
        architecture: Canonical text.
        weights: The weights of the trained network.
        curve: Rows of its learning curve, dataclasses of one kind.
    """
    contents = pack_training(card, architecture=architecture, curve=curve, weights=weights)
    write_folder(refit_dir(folder), contents, root=folder)
    return refit_dir(folder)


def load_refit_card(folder: Path) -> dict[str, Any] | None:
    """Card of the network that the study hands over; None where there is none yet.

    Raises:
        StudyError: It cannot be read; names the file.
    """
    return read_card(refit_dir(folder))


def read_card(path: Path) -> dict[str, Any] | None:
    """Card of a training's folder; None where there is none.

    Raises:
        StudyError: It cannot be read; names the file.
    """
    file = path / CARD
    if not file.is_file():
        return None
    try:
        card: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(f"{file} cannot be read: {error}. Remove its folder and train the network again.") from None
    return card


def load_architecture(path: Path) -> str:
    """Canonical text of the network that the weights belong to, from a trial's folder or the final one.

    Raises:
        StudyError: It cannot be read; names the file.
    """
    try:
        return (path / _ARCHITECTURE).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise StudyError(f"{path / _ARCHITECTURE} cannot be read: {error}. Train the network again.") from None


def load_weights(path: Path) -> dict[str, np.ndarray]:
    """Weights from a trial's folder or the final one.

    Raises:
        StudyError: They are missing or damaged; names the file.
    """
    try:
        return load_file(path / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise StudyError(f"the weights in {path / WEIGHTS} cannot be read: {error}. Train the network again.") from None


def tidy_trials(folder: Path, n_recorded: int) -> None:
    """Remove files of trials that a killed process never recorded, and what it left half written.

    Args:
        folder: The folder of the study.
        n_recorded: Number of trials in the study; theirs are 0 to n_recorded - 1.
    """
    clean_partial(folder)
    for path in (folder / _TRIALS).glob("*"):
        if path.name.isdecimal() and int(path.name) >= n_recorded:
            shutil.rmtree(path)


def pack_training(
    card: Mapping[str, Any],
    *,
    card_name: str = CARD,
    architecture: str | None = None,
    curve: Sequence[Any] = (),
    weights: Weights | None = None,
    others: Mapping[str, bytes] = MappingProxyType({}),
) -> dict[str, bytes]:
    """The files of one training by name, whoever made it.

    Args:
        card: What is known of it, as plain data.
        card_name: File of the card.
        architecture: Canonical text of the network that the weights belong to; None has no file.
        curve: Rows of its learning curve, dataclasses of one kind.
        weights: The weights of the trained network; None where there are none.
        others: Content of further files by name.
    """
    text = {} if architecture is None else {_ARCHITECTURE: (architecture.rstrip("\n") + "\n").encode()}
    packed = {} if weights is None else {WEIGHTS: pack_weights(weights)}
    return {**others, **text, card_name: format_json(card), "curve.csv": format_csv(curve), **packed}


def pack_weights(weights: Weights) -> bytes:
    """Weights as a safetensors file."""
    return save({name: np.asarray(array, order="C") for name, array in weights.items()})


def format_json(values: Mapping[str, Any]) -> bytes:
    """Plain data as a JSON file, NaN refused."""
    return (json.dumps(values, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode()


def format_csv(rows: Sequence[Any]) -> bytes:
    """Rows, dataclasses of one kind, as a CSV file with a head; empty without rows."""
    stream = io.StringIO()
    if rows:
        writer = csv.DictWriter(stream, fieldnames=list(asdict(rows[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    return stream.getvalue().encode()
