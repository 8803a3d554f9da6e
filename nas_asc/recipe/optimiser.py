"""Optimisers as plain data; the room `training` builds them."""

from dataclasses import dataclass

from nas_asc.recipe.part import Part


class Optimiser(Part):
    """Base of all optimisers; each has the peak `learning_rate` of the schedule and a `weight_decay`."""

    learning_rate: float
    weight_decay: float


@dataclass(frozen=True)
class AdamW(Optimiser):
    """Adam with decoupled weight decay.

    Args:
        learning_rate: Peak of the schedule.
        weight_decay: Decoupled; not applied to norms and biases.

    Source:
        Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """

    learning_rate: float = 5e-3
    weight_decay: float = 1e-3

    def __post_init__(self) -> None:
        self.check_number("learning_rate", above=True)
        self.check_number("weight_decay")
