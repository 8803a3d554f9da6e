"""A candidate's training that was stopped at a rung, as bytes with which it goes on: a stage and its state."""

from dataclasses import asdict, dataclass

from nas_asc.errors import TrainingError
from nas_asc.frontend import LogMel
from nas_asc.training import Checkpoint, EpochRow, pack_state, unpack_state


@dataclass(frozen=True, eq=False)
class StageCheckpoint:
    """All that a candidate's stopped life needs to go on.

    Args:
        stage: Name of the stage that was stopped.
        training: The stage's own training, as far as it came.
        architecture: Canonical text of the network that the stage trains; empty where it is the design's own.
        log_mel: Front end, with the bands that were selected.
        curve: One row an epoch of the stages before.
        seconds: Wall clock of these epochs.
    """

    stage: str
    training: Checkpoint
    architecture: str
    log_mel: LogMel
    curve: tuple[EpochRow, ...] = ()
    seconds: float = 0.0

    def to_bytes(self) -> bytes:
        """One file; `from_bytes` gives the checkpoint back."""
        plain = {"training": self.training.to_dict(), "log_mel": asdict(self.log_mel)}
        return pack_state({**vars(self), **plain, "curve": [asdict(row) for row in self.curve]})

    @classmethod
    def from_bytes(cls, content: bytes) -> "StageCheckpoint":
        """Checkpoint from a file.

        Raises:
            TrainingError: The file is damaged, or of a version that kept something else.
        """
        values = unpack_state(content)
        if "stage" not in values and values.get("dense", 0) is None:  # of version 0.1.0, before any channel was removed
            values = {**values, "stage": "train", "architecture": "", "curve": [], "seconds": 0.0}
            del values["dense"]
        try:
            plain = {"training": Checkpoint.from_dict(values["training"]), "log_mel": LogMel(**values["log_mel"])}
            return cls(**{**values, **plain, "curve": tuple(EpochRow(**row) for row in values["curve"])})
        except (KeyError, TypeError) as error:
            raise TrainingError(f"a checkpoint cannot be read: {error}. Train from the start.") from None
