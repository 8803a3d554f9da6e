"""Training in 8 bits as plain data; the room `evaluation` carries it out after training and pruning."""

from dataclasses import dataclass

from nas_asc.recipe.part import Part


@dataclass(frozen=True)
class QuantisedTraining(Part):
    """The trained, pruned network trained on with its weights and values in 8 bits; its int8 file has these weights.

    The network in float stays as it was before.

    Args:
        share: Epochs in 8 bits as a share of those before, which they follow; one at least.
        rate_share: Peak learning rate as a factor of the recipe's; it falls along a cosine.

    Source:
        Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference",
        CVPR 2018. The defaults are of our own choice.
    """

    share: float = 0.2
    rate_share: float = 0.05

    def __post_init__(self) -> None:
        self.check_number("share", above=True)
        self.check_number("rate_share", above=True)

    def n_epochs(self, n_before: int) -> int:
        """Epochs in 8 bits.

        Args:
            n_before: Epochs of the training before.

        >>> [QuantisedTraining(0.2).n_epochs(n_before) for n_before in (1, 10, 100)]
        [1, 2, 20]
        """
        return max(1, round(self.share * n_before))
