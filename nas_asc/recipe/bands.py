"""Selection of mel bands as plain data; the room `evaluation` carries it out before the training."""

from dataclasses import dataclass

from nas_asc.recipe.part import Part


@dataclass(frozen=True)
class BandSelection(Part):
    """Which mel bands a front end computes, chosen on the training clips; how many, the front end itself says.

    The network is first trained on all bands, each with a factor of its own, while the alternating direction method of
    multipliers drives all factors but so many to zero. The bands of the others are kept, and the training begins anew
    on them alone.

    Args:
        epochs: The number of epochs of the selection, before those of the training; None is as many as these.
        rho: Weight of the penalty.
        start: Share of the selection's epochs that pass before the penalty sets in; below one.

    Source:
        FAU, submission to DCASE 2022 Task 1: 192 of 256 bands by a feature selection with ADMM. The factors before the
        network and the defaults are of our own choice.
    """

    epochs: int | None = None
    rho: float = 3.0
    start: float = 0.25

    def __post_init__(self) -> None:
        self.check_count("epochs", optional=True)
        self.check_number("rho", above=True)
        self.check_share("start")
        if self.start == 1:
            raise self.fault("start", "a share below 1")
