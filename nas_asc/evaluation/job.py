"""One training as plain data, and what comes back of it: the same for trials, repeats, the refit and `train`.

Conventions:
    `to_dict` gives text, numbers, bytes and arrays alone, so that any worker can be told and heard: it needs the layer
    classes of the space's own to read a network, and nothing else of who asked.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from nas_asc.evaluation.network import TrainedNetwork
from nas_asc.frontend import LogMel
from nas_asc.layers import format_architecture, parse_architecture
from nas_asc.study import Repeat, Scored, TrainingRecord, TrialRecord
from nas_asc.training import EpochRow

R = TypeVar("R", bound=TrainingRecord)
TrainedOn = Literal["training", "development"]
_RECORDS: Mapping[str, type[TrainingRecord]] = {"training": TrainingRecord, "trial": TrialRecord, "repeat": Repeat}


@dataclass(frozen=True, kw_only=True)
class Job(Generic[R]):
    """One training to be made.

    Args:
        record: Design, seed and epochs; of a training that was stopped also its rungs and seconds.
        name: The name of the network, for people.
        clips: "training" clips, scored on the validation clips; or all "development" clips, then nothing is scored.
        turn: Which division of the development clips it trains and validates on; 0 is the study's.
        scored: Whose scores count: the network's in "float", or those of its file, which is "int8" unless the recipe
            says other bits.
        writes: Whether the network is written to a file, and the file run.
        stop_after: Epochs after which it stops, to go on another time; None goes through.
        checkpoint: The checkpoint of the same training, stopped earlier. Where that is damaged, the training begins
            anew, which on a CPU costs time alone.
    """

    record: R
    name: str
    clips: TrainedOn = "training"
    turn: int = 0
    scored: Scored = "float"
    writes: bool = True
    stop_after: int | None = None
    checkpoint: bytes | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data; `from_dict` gives the job back."""
        return _shallow(self) | {"record": _pack_record(self.record)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Job[Any]":
        """Job of what `to_dict` gave."""
        return cls(**{**values, "record": _unpack_record(values["record"])})


@dataclass(frozen=True, eq=False, kw_only=True)
class Result(Generic[R]):
    """What a training gave.

    Args:
        record: The job's, complete, failed, or stopped at one more rung.
        curve: One row an epoch.
        network: The trained network; None where the training failed or is stopped.
        probabilities: (n, K) of the validation clips, by what is scored; None where nothing is.
        files: Content by name of its file and the file's settings, or of its checkpoint.
        notes: What a user should know of the training, a line each.
    """

    record: R
    curve: tuple[EpochRow, ...] = ()
    network: TrainedNetwork | None = None
    probabilities: NDArray[np.float32] | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data; `from_dict` gives the result back."""
        network = self.network
        packed = network and {
            "architecture": format_architecture(network.architecture),
            "log_mel": asdict(network.log_mel),
            "weights": network.to_arrays(),
        }
        curve = [asdict(row) for row in self.curve]
        return _shallow(self) | {"record": _pack_record(self.record), "curve": curve, "network": packed}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], layer_types: tuple[type, ...] = ()) -> "Result[Any]":
        """Result of what `to_dict` gave.

        Args:
            values: Plain data.
            layer_types: Layer classes of the space's own.

        Raises:
            LayerError: The network has a layer of an unknown class; names it.
        """
        packed = values["network"]
        network = packed and TrainedNetwork.from_arrays(
            parse_architecture(packed["architecture"], layer_types), LogMel(**packed["log_mel"]), packed["weights"]
        )
        curve = tuple(EpochRow(**row) for row in values["curve"])
        return cls(**{**values, "record": _unpack_record(values["record"]), "curve": curve, "network": network})


def _shallow(value: Any) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}


def _pack_record(record: TrainingRecord) -> tuple[str, dict[str, Any]]:
    kind = next(name for name, its in _RECORDS.items() if its is type(record))
    return kind, record.to_dict()


def _unpack_record(packed: tuple[str, dict[str, Any]]) -> Any:
    kind, values = packed
    return _RECORDS[kind].from_dict(values)


def to_reason(error: Exception) -> str:
    """Why a training failed, in one line.

    Args:
        error: What it raised.
    """
    text = " ".join(str(error).split()) or "no reason given"
    known = type(error).__module__.startswith("nas_asc")
    return text if known else f"{type(error).__name__}: {text}"
