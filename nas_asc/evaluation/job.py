"""One training as plain data, and what comes back of it: the same for trials, repeats, the refit and `train`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from nas_asc.evaluation.network import TrainedNetwork
from nas_asc.study import Scored, TrainingRecord
from nas_asc.training import EpochRow

R = TypeVar("R", bound=TrainingRecord)
TrainedOn = Literal["training", "development"]


@dataclass(frozen=True, kw_only=True)
class Job(Generic[R]):
    """One training to be made.

    Args:
        record: Design, seed and epochs; of a training that was stopped also its rungs and seconds.
        name: Of the network, for people.
        clips: "training" clips, scored on the validation clips; or all "development" clips, then nothing is scored.
        turn: Which division of the development clips it trains and validates on; 0 is the study's.
        scored: Whose scores count: the network's in "float", or those of its file, which is "int8" unless the recipe
            says other bits.
        writes: Whether the network is written to a file, and the file run.
        stop_after: Epochs after which it stops, to go on another time; None goes through.
        checkpoint: Of the same training, stopped earlier. Where that is damaged, the training begins anew, which on a
            CPU costs time alone.
    """

    record: R
    name: str
    clips: TrainedOn = "training"
    turn: int = 0
    scored: Scored = "float"
    writes: bool = True
    stop_after: int | None = None
    checkpoint: bytes | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Result(Generic[R]):
    """What a training gave.

    Args:
        record: The job's, complete, failed, or stopped at one more rung.
        curve: One row an epoch.
        network: The trained network; None where the training failed or is stopped.
        probabilities: (n, K) of the validation clips, by what is scored; None where nothing is.
        files: Content by name of its file and the file's settings, or of its checkpoint.
    """

    record: R
    curve: tuple[EpochRow, ...] = ()
    network: TrainedNetwork | None = None
    probabilities: NDArray[np.float32] | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
