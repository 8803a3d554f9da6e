"""Log-mels and labels of a set of clips, from which batches are taken."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from nas_asc.augmentation import BatchFacts
from nas_asc.frontend import LogMel
from nas_asc.training.run import CPU
from nas_asc.training.table import FeatureArray, count_bytes, has_room, upload


@dataclass(frozen=True, eq=False)
class Clips:
    """Clips ready for training or prediction.

    Args:
        features: (n, C, F, T), float16 or float32: a tensor on any device, or an array, which may be a memory map.
        labels: (n,) int64 true classes on the CPU; None for prediction alone.
        mean: (F,) mean of each band over the training clips; None when the features are standardised already.
        std: (F,) deviation of each band; None with `mean`.
        cities: (n,) int64 index of the city, on the CPU; None where no cities are known.
        devices: (n,) int64 index of the recording device in `device_names`, on the CPU; 0 is the reference device. None
            where no devices are known.
        device_names: What the devices are called; empty where none are known.
        log_mel: Front end that made the features; None where that is not known.
        teacher_logits: (n, K) what a teacher says of each clip as it is, on the CPU; None where there is no teacher.

    Raises:
        ValueError: Shapes do not belong together.
    """

    features: Tensor | FeatureArray
    labels: Tensor | None = None
    mean: Tensor | None = None
    std: Tensor | None = None
    cities: Tensor | None = None
    devices: Tensor | None = None
    device_names: tuple[str, ...] = ()
    log_mel: LogMel | None = None
    teacher_logits: Tensor | None = None

    def __post_init__(self) -> None:
        shape = tuple(self.features.shape)
        if len(shape) != 4:
            raise ValueError(f"`features` must be (n, C, F, T), but got shape {shape}.")
        for name, value in (("labels", self.labels), ("cities", self.cities), ("devices", self.devices)):
            if value is not None and tuple(value.shape) != shape[:1]:
                raise ValueError(f"`{name}` must be ({shape[0]},), but got shape {tuple(value.shape)}.")
        if self.teacher_logits is not None and (self.teacher_logits.ndim != 2 or len(self.teacher_logits) != shape[0]):
            raise ValueError(
                f"`teacher_logits` must be ({shape[0]}, K), but got shape {tuple(self.teacher_logits.shape)}."
            )
        for name, value in (("mean", self.mean), ("std", self.std)):
            if value is not None and tuple(value.shape) != shape[2:3]:
                raise ValueError(f"`{name}` must be ({shape[2]},), but got shape {tuple(value.shape)}.")

    def __len__(self) -> int:
        return int(self.features.shape[0])

    @property
    def in_shape(self) -> tuple[int, ...]:
        """(C, F, T) of one clip."""
        return tuple(self.features.shape[1:])

    @property
    def band_statistics(self) -> tuple[Tensor, Tensor]:
        """Mean (F,) and deviation (F,) of each band; zeros and ones when the features are standardised already."""
        n_bands = self.in_shape[1]
        mean = torch.zeros(n_bands) if self.mean is None else self.mean
        return mean, torch.ones(n_bands) if self.std is None else self.std

    @property
    def n_bytes(self) -> int:
        """Bytes of the features as they are stored."""
        return count_bytes(self.features)

    @property
    def home(self) -> torch.device:
        """Where the features are: row numbers from there cost no copy."""
        return self.features.device if isinstance(self.features, Tensor) else CPU

    def to_device(self, torch_device: torch.device) -> "Clips":
        """These clips, with mean and deviation on a device, and the features too where there is room.

        Their facts are those of the clips as they were: these want mean and deviation on the CPU.
        """
        if torch_device.type == "cpu":
            return self
        mean, std = (None if value is None else value.to(torch_device) for value in (self.mean, self.std))
        is_there = self.home.type == torch_device.type
        features = (
            upload(self.features, torch_device) if not is_there and has_room(self.n_bytes, torch_device) else None
        )
        return replace(self, features=self.features if features is None else features, mean=mean, std=std)

    def facts(self, rows: Tensor) -> BatchFacts:
        """What augmentations may know of a batch.

        Args:
            rows: (B,) int64 row numbers on the CPU.

        Raises:
            ValueError: The clips have no labels.
        """
        if self.labels is None:
            raise ValueError("`labels` must be given for the facts of a batch, but is None.")
        mean, std = self.band_statistics
        return BatchFacts(
            shape=(len(rows), *self.in_shape),
            labels=self.labels[rows],
            mean=mean,
            std=std,
            cities=None if self.cities is None else self.cities[rows],
            devices=None if self.devices is None else self.devices[rows],
            log_mel=self.log_mel,
        )

    def batch(self, rows: Tensor, *, torch_device: torch.device, memory_format: str = "channels_last") -> Tensor:
        """Standardised log-mels (B, C, F, T), float32, of some clips.

        Args:
            rows: (B,) int64 row numbers, best from where the features are.
            torch_device: Where the batch is wanted.
            memory_format: Order of its values in memory, in torch's words.
        """
        if isinstance(self.features, Tensor):
            taken = self.features[rows.to(self.home)]
        else:
            taken = torch.from_numpy(self.features[rows.cpu().numpy()])
        features = taken.to(torch_device, non_blocking=True).float()
        if self.mean is not None and self.std is not None:
            mean, std = (value.to(torch_device).view(-1, 1) for value in (self.mean, self.std))
            features = features.sub_(mean).div_(std)  # of the copy that indexing made
        return features.contiguous(memory_format=getattr(torch, memory_format))
