"""Averages of weights over a training as plain data; the room `training` takes them."""

from dataclasses import dataclass

from nas_asc.recipe.part import Part


class Averaging(Part):
    """Base of all averages of weights: the trained network has the average in the place of the last weights."""

    def learning_rate_at(self, epoch: int, n_epochs: int) -> float | None:
        """Learning rate of one epoch, from 1, of so many, in the place of the schedule's; None leaves it alone."""
        return None


@dataclass(frozen=True)
class Swa(Averaging):
    """Stochastic weight averaging: the mean of the weights at the end of each of the last epochs.

    Norms then take their statistics from the training clips, once more and without augmentation.

    Args:
        n_epochs: Epochs that are averaged, the last ones; all where the training is shorter.
        learning_rate: The learning rate of these epochs, the same in all; None keeps the schedule's.

    Source:
        Izmailov et al., "Averaging weights leads to wider optima and better generalization", UAI 2018; over the last 10
        epochs in Koutini, Schlüter, Widmer, "CPJKU submission to DCASE21".
    """

    n_epochs: int = 10
    learning_rate: float | None = None

    def __post_init__(self) -> None:
        self.check_count("n_epochs")
        self.check_number("learning_rate", above=True, optional=True)

    def learning_rate_at(self, epoch: int, n_epochs: int) -> float | None:
        """The constant one in the last epochs."""
        return self.learning_rate if self.is_averaged(epoch, n_epochs) else None

    def is_averaged(self, epoch: int, n_epochs: int) -> bool:
        """Whether the weights at the end of one epoch, from 1, of so many are among those averaged.

        >>> [Swa(2).is_averaged(epoch, 4) for epoch in (1, 2, 3, 4)]
        [False, False, True, True]
        """
        return epoch > n_epochs - self.n_epochs


@dataclass(frozen=True)
class Ema(Averaging):
    """Exponential moving average, step by step, of the weights and of the norms' statistics.

    Older weights count by powers of the decay; the sum is divided by that of the powers, so that the weights at the
    start, which no step has changed yet, do not count.

    Args:
        decay: What one step leaves of the weight of those before; about 1 / (1 - decay) steps count.

    Source:
        Tarvainen and Valpola, "Mean teachers are better role models", NeurIPS 2017; the division as in Kingma and Ba,
        "Adam: a method for stochastic optimization", ICLR 2015.
    """

    decay: float = 0.999

    def __post_init__(self) -> None:
        self.check_number("decay")
        if self.decay >= 1:
            raise self.fault("decay", "below 1")

    def share_at(self, step: int) -> float:
        """Share of the weights after one step, from 1, in the average of all until then.

        >>> [round(Ema(0.5).share_at(step), 3) for step in (1, 2, 3)]
        [1.0, 0.667, 0.571]
        """
        return (1 - self.decay) / (1 - self.decay**step)
