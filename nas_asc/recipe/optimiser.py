"""Optimisers as plain data; the room `training` builds them."""

from dataclasses import dataclass

from nas_asc.recipe.part import Part


class Optimiser(Part):
    """Base of all optimisers; each has the peak `learning_rate` of the schedule and a `weight_decay`."""

    learning_rate: float
    weight_decay: float

    def check_rates(self) -> None:
        """Raise unless the learning rate is above zero and the weight decay is not below."""
        self.check_number("learning_rate", above=True)
        self.check_number("weight_decay")


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
        self.check_rates()


@dataclass(frozen=True)
class Adam(Optimiser):
    """Adam, its weight decay a part of the gradient.

    Args:
        learning_rate: Peak of the schedule.
        weight_decay: Times the weight, added to its gradient; not applied to norms and biases.

    Source:
        Kingma and Ba, "Adam: A method for stochastic optimization", ICLR 2015.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        self.check_rates()


@dataclass(frozen=True)
class Sgd(Optimiser):
    """Gradient descent with momentum, its weight decay a part of the gradient.

    Args:
        learning_rate: Peak of the schedule.
        momentum: Share of the last step's direction that is kept.
        nesterov: Whether the gradient is looked ahead for; needs a momentum.
        weight_decay: Times the weight, added to its gradient; not applied to norms and biases.

    Source:
        Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013.
    """

    learning_rate: float = 0.05
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 5e-4

    def __post_init__(self) -> None:
        self.check_rates()
        self.check_share("momentum")
        if not isinstance(self.nesterov, bool):
            raise self.fault("nesterov", "True or False")
        if self.nesterov and self.momentum == 0:
            raise self.fault("nesterov", "False where momentum=0")


@dataclass(frozen=True)
class Decay(Part):
    """Weight decay of each kind of parameter, in the way of the optimiser (decoupled, or in the gradient).

    Args:
        convolution: Decay of the kernels of convolutions; None is the optimiser's.
        dense: Decay of the kernels of dense layers; None is the optimiser's.
        norm: Decay of the scales of norms and the slopes of activations; None is zero.
        bias: Decay of all biases, those of norms too; None is zero.
    """

    convolution: float | None = None
    dense: float | None = None
    norm: float | None = None
    bias: float | None = None

    def __post_init__(self) -> None:
        for name in ("convolution", "dense", "norm", "bias"):
            self.check_number(name, optional=True)
