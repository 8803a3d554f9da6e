"""Weights trained in 8 bits, kept in a network's state beside those in float.

Conventions:
    They belong to the network as steps, batch norms folded, and are named `int8.<step>.<parameter>`, such as
    `int8.0.conv.weight`; a module that several steps share stands once, under the first.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from nas_asc.errors import CompressionError
from nas_asc.models import LoweredNetwork

PREFIX = "int8."


def has_quantised_weights(state: Mapping[str, Tensor]) -> bool:
    """Whether a state holds weights that were trained in 8 bits."""
    return any(name.startswith(PREFIX) for name in state)


def quantised_weights(lowered: LoweredNetwork) -> dict[str, Tensor]:
    """The parameters of all steps as contiguous CPU tensors, by their names in a state.

    Args:
        lowered: After its training in 8 bits.
    """
    return {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in _parameters(lowered).items()
    }


def load_quantised_weights(lowered: LoweredNetwork, state: Mapping[str, Tensor]) -> None:
    """Put the weights that were trained in 8 bits into the steps; steps without any keep those they have.

    Args:
        lowered: The network in float, changed in place.
        state: The state of a `TrainedNetwork`.

    Raises:
        CompressionError: The state has weights of other steps than the network's, or of other shapes; names one.
    """
    parameters = _parameters(lowered)
    for name, value in state.items():
        if not name.startswith(PREFIX):
            continue
        found = parameters.get(name)
        if found is None or found.shape != value.shape:
            raise CompressionError(
                f"the weights in 8 bits are of another network, or were stored by another version: {name} of shape"
                f" {tuple(value.shape)} has no place. Train the network again."
            )
        with torch.no_grad():
            found.copy_(value)


def _parameters(lowered: LoweredNetwork) -> dict[str, Tensor]:
    """Parameters by their names in a state, each once."""
    found: dict[str, Tensor] = {}
    seen = set()
    for step in lowered.steps:
        for name, parameter in step.module.named_parameters():
            if parameter not in seen:
                seen.add(parameter)
                found[f"{PREFIX}{step.name}.{name}"] = parameter
    return found
