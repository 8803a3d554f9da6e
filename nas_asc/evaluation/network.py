"""A trained network as one flat state, and back."""

from collections.abc import Mapping

import torch
from torch import Tensor

from nas_asc.evaluation.quantised_state import PREFIX
from nas_asc.layers import Architecture
from nas_asc.models import Network, build_model

_MEAN, _STD = "standardiser.mean", "standardiser.std"


def build_network(architecture: Architecture, *, seed: int) -> Network:
    """Network with weights drawn from a seed; the global random state stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
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


def load_network(architecture: Architecture, state: Mapping[str, Tensor]) -> tuple[Network, Tensor, Tensor]:
    """Network in float, in eval mode, with the mean (F,) and deviation (F,) that standardise its input.

    Weights that were trained in 8 bits are left out; see `load_quantised_weights`.

    Args:
        architecture: What the state was trained as.
        state: What `to_state` gave.
    """
    model = build_network(architecture, seed=0)
    others = (_MEAN, _STD)
    own = {name: value for name, value in state.items() if name not in others and not name.startswith(PREFIX)}
    model.load_state_dict(own)
    return model.eval(), state[_MEAN], state[_STD]
