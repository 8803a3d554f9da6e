"""A trained network as one value, and its weights as one flat state."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nas_asc.compression import count_state_nonzero
from nas_asc.evaluation.quantised_state import PREFIX
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture
from nas_asc.models import Network, build_model, fold_branches
from nas_asc.training import CPU, Clips, predict, seeded

_MEAN, _STD = "standardiser.mean", "standardiser.std"


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network after its training, whoever trained it.

    Args:
        architecture: What was trained in the end; smaller than the design's where channels were removed.
        log_mel: Front end of what it takes; with other bands than the design's where they were selected.
        state: Weights, buffers and standardisation, on the CPU, and beside them the weights that the recipe's training
            in 8 bits gave; see `load_quantised_weights`.
    """

    architecture: Architecture
    log_mel: LogMel
    state: Mapping[str, Tensor]

    def load(self) -> tuple[Network, Tensor, Tensor]:
        """Network in float, in eval mode, with the mean (F,) and deviation (F,) that standardise its input.

        Weights that were trained in 8 bits are left out; see `load_quantised_weights`.
        """
        model = build_network(self.architecture, seed=0)
        others = (_MEAN, _STD)
        own = {name: value for name, value in self.state.items() if name not in others and not name.startswith(PREFIX)}
        model.load_state_dict(own)
        return model.eval(), self.state[_MEAN], self.state[_STD]

    def predict(self, clips: Clips, *, torch_device: torch.device = CPU) -> NDArray[np.float32]:
        """Class probabilities (n, K) of clips, which are standardised as those were that trained the network.

        Args:
            clips: The clips of the network's front end.
            torch_device: Where to compute.
        """
        model, mean, std = self.load()
        return predict(model, replace(clips, mean=mean, std=std), torch_device=torch_device)

    @property
    def nonzero_params(self) -> int:
        """Weights, biases, running means and variances in float that are not zero, branches folded."""
        return count_state_nonzero(fold_branches(self.load()[0]).state_dict())

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """The state as numpy arrays, which a study keeps."""
        return {name: value.numpy() for name, value in self.state.items()}

    @classmethod
    def from_arrays(
        cls, architecture: Architecture, log_mel: LogMel, arrays: Mapping[str, NDArray[np.generic]]
    ) -> "TrainedNetwork":
        """The network of what `to_arrays` gave."""
        return cls(architecture, log_mel, {name: torch.from_numpy(array) for name, array in arrays.items()})


def build_network(architecture: Architecture, *, seed: int) -> Network:
    """Network with weights drawn from a seed; the global random state stays as it was."""
    with seeded(seed):
        return build_model(architecture)


def to_state(model: Network, *, mean: Tensor, std: Tensor) -> dict[str, Tensor]:
    """All that prediction needs as contiguous CPU tensors: weights, buffers and standardisation.

    Args:
        model: The trained network.
        mean: (F,) mean of each band over the clips it was trained on.
        std: (F,) deviation of each band.
    """
    state = model.state_dict() | {_MEAN: mean, _STD: std}
    return {name: value.detach().cpu().clone(memory_format=torch.contiguous_format) for name, value in state.items()}
