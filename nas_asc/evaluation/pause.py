"""A candidate's training that was stopped at a rung, as bytes with which it goes on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from torch import Tensor

from nas_asc.errors import TrainingError
from nas_asc.frontend import LogMel
from nas_asc.training import Checkpoint, EpochRow, pack_state, unpack_state


@dataclass(frozen=True, eq=False)
class Dense:
    """The network whose channels were removed before the training that was stopped.

    Args:
        state: Its weights when its own training was over.
        curve: Of that training.
        seconds: Of that training.
    """

    state: Mapping[str, Tensor]
    curve: tuple[EpochRow, ...]
    seconds: float


@dataclass(frozen=True, eq=False)
class Pause:
    """All that a candidate's stopped training needs to go on.

    Args:
        training: The training that was stopped: the candidate's, or that of what is left of its network.
        log_mel: Front end, with the bands that were selected.
        dense: The network before its channels were removed; None where none were yet.
    """

    training: Checkpoint
    log_mel: LogMel
    dense: Dense | None = None

    def to_bytes(self) -> bytes:
        """One file; `from_bytes` gives the pause back."""
        dense = None
        if self.dense is not None:
            dense = {**vars(self.dense), "curve": [asdict(row) for row in self.dense.curve]}
        return pack_state({"training": self.training.to_dict(), "log_mel": asdict(self.log_mel), "dense": dense})

    @classmethod
    def from_bytes(cls, content: bytes) -> "Pause":
        """Pause from a file.

        Raises:
            TrainingError: The file is damaged.
        """
        values = unpack_state(content)
        try:
            dense = values["dense"]
            if dense is not None:
                dense = Dense(**{**dense, "curve": tuple(EpochRow(**row) for row in dense["curve"])})
            return cls(Checkpoint.from_dict(values["training"]), LogMel(**values["log_mel"]), dense)
        except (KeyError, TypeError) as error:
            raise TrainingError(f"a checkpoint cannot be read: {error}. Train from the start.") from None
