"""The loss of an ensemble's members, each by itself, beside that of what they say together.

Trained on their mean alone, members share the work and come out alike; trained each by itself they err in different
places, which is what a mean gains by.

Source:
    Webb et al., "To ensemble or not ensemble: when does end-to-end training fail?", ECML PKDD 2020: the blend.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from nas_asc import layers
from nas_asc.layers import expand_architecture
from nas_asc.models import Network


def has_members(model: nn.Module) -> bool:
    """Whether a model is a network whose last operation is the mean of its members' probabilities."""
    if not isinstance(model, Network):
        return False
    last = expand_architecture(model.architecture)[-1].operations[-1]
    return isinstance(last.primitive, layers.ProbabilityMean) and len(last.inputs) > 1


def join_losses(
    merged: Tensor, members: Sequence[Tensor], *, loss: Callable[[Tensor], Tensor], weight: float
) -> Tensor:
    """The mean of the members' losses, and the loss of what they say together, weighted.

    Args:
        merged: (B, K) logits of all together.
        members: Logits (B, K) of each.
        loss: The loss of logits.
        weight: The weight of the members' losses, in [0, 1].

    >>> join_losses(torch.tensor(4.0), [torch.tensor(1.0), torch.tensor(3.0)], loss=torch.square, weight=0.5)
    tensor(10.5000)
    """
    apart = torch.stack([loss(logits) for logits in members]).mean()
    return apart if weight == 1 else torch.lerp(loss(merged), apart, weight)


@contextmanager
def watch_members(model: nn.Module) -> Iterator[list[Tensor]]:
    """The logits (B, K) that each member of a network gives while the context lasts; see `has_members`."""
    found: list[Tensor] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        found.extend(inputs)

    *_, merging = model.modules()
    handle = merging.register_forward_pre_hook(note)
    try:
        yield found
    finally:
        handle.remove()
