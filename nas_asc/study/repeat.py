"""A trial's network trained with several seeds: trials/<number>/seeds/<index>/, put in place whole.

Conventions:
    Index 0 is the trial's own training. A training that failed is kept with its reason, so that none is made twice.
    predictions.npz holds probabilities (n, K) as float16, losses (n,) in nats as float32, labels (n,), and groups
    (n,), which are numbers of recording groups, alike in all trainings of a study.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nas_asc.errors import StudyError
from nas_asc.metrics import Scores, clip_losses
from nas_asc.study.file import clean_partial, write_folder
from nas_asc.study.record import FileRecord
from nas_asc.study.trial_files import format_csv, format_json, trial_dir

_SEEDS = "seeds"
_CARD = "card.json"
_PREDICTIONS = "predictions.npz"


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """One training of a trial's network.

    Args:
        number: Of the trial.
        index: 0 for the trial's own training, then 1, 2 and so on.
        seed: Of the training.
        epochs: That were trained.
        scores: On the validation clips, of the network or of its file, as the study scores; None where it failed.
        network_scores: Of the network in float; None where it failed.
        file: Of its int8 file; None where it failed or cannot be exported.
        seconds: Wall clock of training and scoring.
        reason: Why it failed, in one line; None where it did not.
    """

    number: int
    index: int
    seed: int
    epochs: int
    scores: Scores | None
    network_scores: Scores | None = None
    file: FileRecord | None = None
    seconds: float = 0.0
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` gives the repeat back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Repeat":
        """Repeat from what `to_dict` gave, also after a way through JSON."""
        restored = dict(values)
        for name in ("scores", "network_scores"):
            restored[name] = None if values[name] is None else Scores.from_dict(values[name])
        restored["file"] = None if values["file"] is None else FileRecord.from_dict(values["file"])
        return cls(**restored)


@dataclass(frozen=True, eq=False)
class Predictions:
    """What one training says of the validation clips, in their order.

    Args:
        probabilities: (n, K).
        losses: (n,) of the true class, nats, from the probabilities before they were rounded.
        labels: (n,) true classes.
        groups: (n,) number of each clip's recording group.
    """

    probabilities: NDArray[np.float16]
    losses: NDArray[np.float32]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]

    @property
    def errors(self) -> NDArray[np.float64]:
        """(n,) 1 where the most probable class is wrong, else 0."""
        return (self.probabilities.argmax(axis=1) != self.labels).astype(np.float64)

    @classmethod
    def of(
        cls, probabilities: NDArray[np.floating[Any]], labels: NDArray[np.int64], groups: NDArray[Any]
    ) -> "Predictions":
        """Predictions rounded to what is kept.

        Args:
            probabilities: (n, K).
            labels: (n,) true classes.
            groups: (n,) name or number of each clip's recording group.
        """
        losses = clip_losses(labels, probabilities).astype(np.float32)
        numbers = np.unique(groups, return_inverse=True)[1]
        return cls(_round_in_order(probabilities), losses, labels.astype(np.int64), numbers.astype(np.int64))


def repeat_dir(folder: Path, number: int, index: int) -> Path:
    """Folder of one training of a trial's network."""
    return trial_dir(folder, number) / _SEEDS / str(index)


def write_repeat_files(
    folder: Path, repeat: Repeat, *, predictions: Predictions | None = None, curve: Sequence[Any] = ()
) -> None:
    """Put the files of one training in place, whole or not at all.

    Args:
        folder: Of the study.
        repeat: What was trained.
        predictions: Of the scored network or file; None where it failed.
        curve: Rows of its learning curve, dataclasses of one kind.
    """
    clean_partial(folder)
    contents = {_CARD: format_json(repeat.to_dict()), "curve.csv": format_csv(curve)}
    if predictions is not None:
        contents[_PREDICTIONS] = _pack(predictions)
    write_folder(repeat_dir(folder, repeat.number, repeat.index), contents, root=folder)


def load_repeats(folder: Path) -> list[Repeat]:
    """Every training of every finalist, by trial and index; empty where there is none.

    Args:
        folder: Of the study.

    Raises:
        StudyError: A card cannot be read; names the file.
    """
    cards = trial_dir(folder, 0).parent.glob(f"*/{_SEEDS}/*/{_CARD}")
    repeats = [_load_card(path) for path in cards]
    return sorted(repeats, key=lambda repeat: (repeat.number, repeat.index))


def load_predictions(folder: Path, repeat: Repeat) -> Predictions:
    """What a complete training says of the validation clips.

    Raises:
        StudyError: They are missing or damaged; names the file.
    """
    path = repeat_dir(folder, repeat.number, repeat.index) / _PREDICTIONS
    try:
        with np.load(path, allow_pickle=False) as found:
            return Predictions(
                found["probabilities"], found["losses"], found["labels"].astype(np.int64), found["groups"]
            )
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise StudyError(f"{path} cannot be read: {error}. Remove its folder and train that seed again.") from None


def _load_card(path: Path) -> Repeat:
    try:
        return Repeat.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StudyError(f"{path} cannot be read: {error}. Remove its folder and train that seed again.") from None


def _pack(predictions: Predictions) -> bytes:
    stream = io.BytesIO()
    small = np.min_scalar_type(predictions.probabilities.shape[1])
    np.savez_compressed(
        stream,
        probabilities=predictions.probabilities,
        losses=predictions.losses,
        labels=predictions.labels.astype(small),
        groups=predictions.groups,
    )
    return stream.getvalue()


def _round_in_order(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float16]:
    """Rounded to float16; the most probable class stays so where rounding makes another one equal."""
    rounded = probabilities.astype(np.float16)
    rows, best = np.arange(len(rounded)), probabilities.argmax(axis=1)
    changed = rounded.argmax(axis=1) != best
    above = np.nextafter(rounded[rows, best], np.float16(2))
    rounded[rows[changed], best[changed]] = above[changed]
    return rounded
