"""A trial's network trained with several seeds: trials/<number>/seeds/<index>/, put in place whole.

Conventions:
    Index 0 is the trial's own training. A training that failed is kept with its reason, so that none is made twice.
    predictions.npz holds probabilities (n, K) as float16, losses (n,) in nats as float32, labels (n,), and groups
    (n,), which are numbers of recording groups, alike in all trainings of a study.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nas_asc.errors import StudyError
from nas_asc.metrics import clip_losses
from nas_asc.study.database import load_records
from nas_asc.study.file import clean_partial, write_folder
from nas_asc.study.record import TrainingRecord, TrialRecord
from nas_asc.study.trial_files import CARD, pack_training, trial_dir

RACE_LENGTHS = (2, 5, 10)  # in trainings of a trial, of the leaders that are trained for longer
_SEEDS = "seeds"
_PREDICTIONS = "predictions.npz"


def most_race_length(n_complete: int) -> float:
    """Length of all trainings of a race without a limit on time: half as much as the trials, and two of the least.

    Args:
        n_complete: Complete trials.

    >>> most_race_length(30), most_race_length(2)
    (15.0, 4.0)
    """
    return max(2.0 * RACE_LENGTHS[0], n_complete / 2)


@dataclass(frozen=True, kw_only=True)
class Repeat(TrainingRecord):
    """One training of a trial's network.

    Args:
        number: The number of the trial.
        index: 0 for the trial's own training, then 1, 2 and so on.
        turn: Which division of the development clips it was trained and validated on; 0 is the study's.
    """

    number: int
    index: int
    turn: int = 0

    @classmethod
    def of(cls, trial: TrialRecord, index: int) -> "Repeat":
        """A trial's training as the one of an index."""
        own = {field.name: getattr(trial, field.name) for field in fields(TrainingRecord)}
        return cls(**own, number=trial.number, index=index)


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

    @classmethod
    def join(cls, parts: Sequence["Predictions"]) -> "Predictions":
        """Predictions of several sets of clips as those of one; groups of two sets are never the same.

        Args:
            parts: The parts of each set.
        """
        firsts = np.cumsum([0, *(int(part.groups.max(initial=-1)) + 1 for part in parts)])
        return cls(
            np.concatenate([part.probabilities for part in parts]),
            np.concatenate([part.losses for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.groups + first for part, first in zip(parts, firsts, strict=False)]),
        )


def repeat_dir(folder: Path, number: int, index: int) -> Path:
    """Folder of one training of a trial's network."""
    return trial_dir(folder, number) / _SEEDS / str(index)


def write_repeat_files(
    folder: Path, repeat: Repeat, *, predictions: Predictions | None = None, curve: Sequence[Any] = ()
) -> None:
    """Put the files of one training in place, whole or not at all.

    Args:
        folder: The folder of the study.
        repeat: What was trained.
        predictions: The predictions of the scored network or file; None where it failed.
        curve: Rows of its learning curve, dataclasses of one kind.
    """
    clean_partial(folder)
    others = {} if predictions is None else {_PREDICTIONS: _pack(predictions)}
    contents = pack_training(repeat.to_dict(), curve=curve, others=others)
    write_folder(repeat_dir(folder, repeat.number, repeat.index), contents, root=folder)


def load_repeats(folder: Path) -> list[Repeat]:
    """Every training of every trial that was trained again, by trial and index; empty where there is none.

    Args:
        folder: The folder of the study.

    Raises:
        StudyError: A card cannot be read; names the file.
    """
    cards = sorted(trial_dir(folder, 0).parent.glob(f"*/{_SEEDS}/*/{CARD}"))
    trials = cache(lambda: {record.number: record for record in load_records(folder)})
    repeats = [_load_card(path, trials) for path in cards]
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


def _load_card(path: Path, trials: Callable[[], Mapping[int, TrialRecord]]) -> Repeat:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if "key" in values:
            return Repeat.from_dict(values)
        return _of_version_0_1(values, trials()[values["number"]])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StudyError(f"{path} cannot be read: {error}. Remove its folder and train that seed again.") from None


def _of_version_0_1(values: Mapping[str, Any], trial: TrialRecord) -> Repeat:
    """Version 0.1.0 kept of a repeat what differs from its trial, and named its epochs."""
    state = "failed" if values["scores"] is None else "complete"
    recipe = replace(trial.recipe, epochs=values["epochs"])
    plain = {**trial.to_dict(), **values, "state": state, "recipe": recipe.to_dict(), "rungs": ()}
    return Repeat.from_dict(plain)


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
