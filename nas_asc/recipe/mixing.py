"""Augmentations that mix the clips of a batch, as plain data; the room `augmentation` draws and applies them."""

from dataclasses import dataclass

from nas_asc.recipe.augmentation import AugmentationPart


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
class FreqMix(AugmentationPart):
    """In every clip a random band of frequencies taken from another clip, the targets mixed by the band's width.

    Args:
        alpha: The band's share of the mel bands is drawn from Beta(alpha, alpha); one makes all widths equally likely.

    Source:
        Chang et al. (QTI), submission to DCASE 2020 Task 1B, with alpha 1.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        self.check_number("alpha", above=True)


@dataclass(frozen=True)
class CutMix(AugmentationPart):
    """In every clip a random rectangle of frequency and time taken from another clip, the targets mixed by its area.

    Args:
        alpha: The rectangle's share of the area is drawn from Beta(alpha, alpha), before it is cut at the edges.

    Source:
        Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features", ICCV 2019.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        self.check_number("alpha", above=True)


@dataclass(frozen=True)
class BlockMix(AugmentationPart):
    """Every clip made of blocks in time of other clips of its class; targets stay, unless they were mixed before.

    Each block comes, at its own place in time, from a random clip of the same class in the batch, of another city than
    the clip's where there is one. Where no cities are known, any clip of the class will do, itself included; a clip
    that is alone of its class stays as it is.

    Args:
        n_blocks: Blocks of a clip, as equal as its frames allow; ten are seconds in a clip of 10 s.

    Source:
        NTU, submission to DCASE 2020 Task 1B, "random block mixing": ten pieces of 1 s of different cities.
    """

    n_blocks: int = 10

    def __post_init__(self) -> None:
        self.check_count("n_blocks")


@dataclass(frozen=True)
class FreqMixStyle(AugmentationPart):
    """The mean and deviation of every mel band, over channels and frames, mixed with another clip's; targets stay.

    Standardising the bands before or after makes no difference to it.

    Args:
        alpha: The clip's own share is drawn from Beta(alpha, alpha).
        p: Probability that a batch is changed.

    Source:
        Schmid et al., "Knowledge distillation from transformers for low-complexity acoustic scene classification",
        DCASE Workshop 2022; after Zhou et al., "Domain generalization with MixStyle", ICLR 2021.
    """

    alpha: float = 0.3
    p: float = 0.4

    def __post_init__(self) -> None:
        self.check_number("alpha", above=True)
        self.check_share("p")
