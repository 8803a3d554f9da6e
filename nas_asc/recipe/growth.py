"""Fewer training clips in the first epochs, as plain data; the room `training` carries it out."""

from dataclasses import dataclass
from itertools import pairwise

from nas_asc.recipe.part import Part


@dataclass(frozen=True)
class ClipGrowth(Part):
    """The first epochs see a share of the training clips of each class, later ones more, the last ones all.

    Each share holds the clips of the one before. The learning rate goes by epochs, however few clips they have.

    Args:
        stops: Epochs after which the next share comes, not descending.
        shares: The shares of the clips until then, in (0, 1], not descending; as many as `stops`.
    """

    stops: tuple[int, ...] = (1,)
    shares: tuple[float, ...] = (0.5,)

    def __post_init__(self) -> None:
        stops, shares = self.stops, self.shares
        whole = type(stops) is tuple and all(type(stop) is int and stop >= 0 for stop in stops)
        if not whole or any(low > high for low, high in pairwise(stops)):
            raise self.fault("stops", "a tuple of epochs that do not descend, such as (2, 6)")
        real = type(shares) is tuple and all(isinstance(share, int | float) and 0 < share <= 1 for share in shares)
        if not real or any(low > high for low, high in pairwise(shares)) or len(shares) != len(stops):
            raise self.fault("shares", f"{len(stops)} shares above 0 and at most 1 that do not descend")

    def share_at(self, epoch: int) -> float:
        """Share of the clips that an epoch sees.

        Args:
            epoch: From 1.

        >>> [ClipGrowth((2, 3), (0.25, 0.5)).share_at(epoch) for epoch in (1, 2, 3, 4)]
        [0.25, 0.25, 0.5, 1.0]
        """
        return next((share for stop, share in zip(self.stops, self.shares, strict=True) if epoch <= stop), 1.0)

    def n_passes(self, n_epochs: int, *, first: int = 0) -> float:
        """Passes over all clips that the epochs after `first` to `n_epochs` are together.

        >>> ClipGrowth((2, 3), (0.25, 0.5)).n_passes(4), ClipGrowth((2, 3), (0.25, 0.5)).n_passes(4, first=2)
        (2.0, 1.5)
        """
        return sum(self.share_at(epoch) for epoch in range(first + 1, n_epochs + 1))

    def after(self, n_epochs: int) -> "ClipGrowth":
        """What is left of it after so many epochs.

        >>> ClipGrowth((2, 5), (0.25, 0.5)).after(3)
        ClipGrowth(stops=(0, 2), shares=(0.25, 0.5))
        """
        return ClipGrowth(tuple(max(0, stop - n_epochs) for stop in self.stops), self.shares)
