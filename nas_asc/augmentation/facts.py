"""What an augmentation may know of a batch before it sees it."""

from dataclasses import dataclass

from torch import Tensor

from nas_asc.errors import TrainingError
from nas_asc.frontend import LogMel


@dataclass(frozen=True, eq=False, kw_only=True)
class BatchFacts:
    """Facts of one batch, all on the CPU.

    Args:
        shape: (B, C, F, T).
        labels: (B,) int64 true classes.
        mean: (F,) mean that was taken from each band; zeros where that is not known.
        std: (F,) deviation that each band was divided by; ones where that is not known.
        cities: (B,) int64 city of each clip; None where no cities are known.
        devices: (B,) int64 recording device of each clip, 0 being the reference; None where no devices are known.
        log_mel: Front end of the clips; None where that is not known.
    """

    shape: tuple[int, ...]
    labels: Tensor
    mean: Tensor
    std: Tensor
    cities: Tensor | None = None
    devices: Tensor | None = None
    log_mel: LogMel | None = None

    @property
    def n_clips(self) -> int:
        """B."""
        return self.shape[0]

    @property
    def n_bands(self) -> int:
        """F."""
        return self.shape[2]

    @property
    def n_frames(self) -> int:
        """T."""
        return self.shape[3]

    def front_end(self, *, of: object) -> LogMel:
        """The front end, for an augmentation that cannot do without.

        Args:
            of: The augmentation, for the error.

        Raises:
            TrainingError: It is not known, or has another number of bands than the batch.
        """
        name = type(of).__name__
        if self.log_mel is None:
            raise TrainingError(
                f"`log_mel` of the clips must be known for {name}, but is None. Give Clips their front end."
            )
        if self.log_mel.n_mels != self.n_bands:
            raise TrainingError(
                f"`log_mel` of the clips must have their {self.n_bands} bands for {name}, but got"
                f" n_mels={self.log_mel.n_mels}."
            )
        return self.log_mel
