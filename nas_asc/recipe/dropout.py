"""Dropout by kind of layer as plain data; the room `training` applies it."""

from dataclasses import dataclass

from nas_asc.recipe.part import Part


@dataclass(frozen=True)
class DropoutRates(Part):
    """Values set to zero in training after each kernel's block, the kernel with its norm and activation.

    The network's description, counts and weights know nothing of it, and the last kernel, which gives the logits, is
    left alone. A dropout that the network describes itself comes on top.

    Args:
        convolution: Probability after convolutions.
        dense: Probability after dense layers.

    Source:
        Srivastava et al., "Dropout: A simple way to prevent neural networks from overfitting", JMLR 2014.
    """

    convolution: float = 0.0
    dense: float = 0.0

    def __post_init__(self) -> None:
        self.check_number("convolution", high=0.95)
        self.check_number("dense", high=0.95)
