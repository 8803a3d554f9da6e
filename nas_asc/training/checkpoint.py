"""A training that was stopped after an epoch, as plain data with which it goes on as if it had not been.

Conventions:
    Everything is what `torch.save` writes and `torch.load` reads with `weights_only`.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from nas_asc.errors import TrainingError
from nas_asc.training.curve import EpochRow


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """All that a stopped training needs to go on: bit for bit the same on a CPU.

    Args:
        trainer: State of the trainer: weights, optimiser, companions, order of clips.
        random: State of torch's own random numbers, by "cpu" and "cuda".
        precision: Type of the forward pass, such as "float32".
        curve: One row an epoch done.
        seconds: Wall clock of these epochs.
    """

    trainer: Mapping[str, Any]
    random: Mapping[str, Tensor]
    precision: str
    curve: tuple[EpochRow, ...]
    seconds: float

    @property
    def torch_precision(self) -> torch.dtype:
        """Type of the forward pass."""
        found: torch.dtype = getattr(torch, self.precision)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain data; `from_dict` gives the checkpoint back."""
        return {**vars(self), "curve": [asdict(row) for row in self.curve]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Checkpoint":
        """Checkpoint from what `to_dict` gave."""
        return cls(**{**values, "curve": tuple(EpochRow(**row) for row in values["curve"])})


def pack_state(state: Mapping[str, Any]) -> bytes:
    """Plain data with tensors as one file; `unpack_state` gives it back, its tensors on the CPU."""
    stream = io.BytesIO()
    torch.save(dict(state), stream)
    return stream.getvalue()


def unpack_state(content: bytes) -> dict[str, Any]:
    """Plain data with tensors from a file; nothing in it is run.

    Raises:
        TrainingError: The file is damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:  # torch would take changed bytes as they are
            changed = archive.testzip()
        if changed is not None:
            raise zipfile.BadZipFile(f"{changed} was changed")
        found: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # what is damaged may fail in any way
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise TrainingError(f"a checkpoint cannot be read: {reason}. Train from the start.") from None
    return found


def to_device(state: Any, torch_device: torch.device) -> Any:
    """Plain data with all its tensors on a device."""
    if isinstance(state, Tensor):
        return state.to(torch_device)
    if isinstance(state, Mapping):
        return {name: to_device(value, torch_device) for name, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(to_device(value, torch_device) for value in state)
    return state


def read_random(torch_device: torch.device) -> dict[str, Tensor]:
    """State of torch's own random numbers: of the CPU, and of the device where that is a GPU."""
    gpu = {"cuda": torch.cuda.get_rng_state(torch_device)} if torch_device.type == "cuda" else {}
    return {"cpu": torch.get_rng_state(), **gpu}


def restore_random(random: Mapping[str, Tensor], torch_device: torch.device) -> None:
    """Set torch's own random numbers to a state; that of a GPU where the state has one and the device is one."""
    torch.set_rng_state(random["cpu"])
    if torch_device.type == "cuda" and "cuda" in random:
        torch.cuda.set_rng_state(random["cuda"], torch_device)
