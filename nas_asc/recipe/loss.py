"""Losses as plain data; the room `training` computes them."""

from dataclasses import dataclass

from nas_asc.recipe.part import Part


class Loss(Part):
    """Base of all losses; each has a `label_smoothing`."""

    label_smoothing: float


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Cross-entropy with soft labels.

    Args:
        label_smoothing: Share of the label mass spread over all classes.
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        self.check_share("label_smoothing")
