"""Augmentations of training batches as plain data; the room `augmentation` draws and applies them."""

from dataclasses import dataclass

from nas_asc.recipe.part import Part


class AugmentationPart(Part):
    """Base of all augmentations."""


@dataclass(frozen=True)
class TimeRoll(AugmentationPart):
    """Circular shift of every clip along time.

    Args:
        max_share: Largest shift as a share of the clip.
    """

    max_share: float = 1.0

    def __post_init__(self) -> None:
        self.check_share("max_share")


@dataclass(frozen=True)
class Mixup(AugmentationPart):
    """Every clip and its target mixed with another clip of the batch.

    Args:
        alpha: The weight is drawn from Beta(alpha, alpha); one mixes uniformly, near zero hardly at all.

    Source:
        Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018.
    """

    alpha: float = 0.3

    def __post_init__(self) -> None:
        self.check_number("alpha", above=True)


@dataclass(frozen=True)
class FreqMask(AugmentationPart):
    """One masked stretch of mel bands a clip.

    Args:
        max_share: Widest mask as a share of the mel bands.

    Source:
        Park et al., "SpecAugment", Interspeech 2019.
    """

    max_share: float = 0.2

    def __post_init__(self) -> None:
        self.check_share("max_share")


@dataclass(frozen=True)
class TimeMask(AugmentationPart):
    """One masked stretch of frames a clip.

    Args:
        max_share: Widest mask as a share of the frames.

    Source:
        Park et al., "SpecAugment", Interspeech 2019.
    """

    max_share: float = 0.2

    def __post_init__(self) -> None:
        self.check_share("max_share")
