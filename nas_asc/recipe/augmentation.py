"""Augmentations of training batches as plain data: what all share, rolls and masks.

Conventions:
    The room `augmentation` draws and applies them. Augmentations work on batches of standardised log-mels
    (B, C, F, T) and class weights (B, K); a share or a probability is in [0, 1].
"""

from dataclasses import dataclass
from typing import Any

from nas_asc.errors import RecipeError
from nas_asc.recipe.part import Part, part_from_dict


class AugmentationPart(Part):
    """Base of all augmentations. One of your own is a frozen dataclass with plain values and `draw`."""

    def draw(self, batch: Any, generator: Any) -> Any:
        """How one batch is augmented, drawn anew for each; for augmentations of your own.

        Import torch inside it: reading a space needs none.

        Args:
            batch: Facts of the batch: `shape` (B, C, F, T), `labels` (B,), `mean` and `std` (F,) that standardised it,
                and where known `cities` (B,), `devices` (B,) and `log_mel`; see `nas_asc.augmentation.BatchFacts`.
            generator: Source of all randomness, a `torch.Generator` on the CPU.

        Returns:
            A function of features (B, C, F, T) and targets (B, K), which are on any device, that gives both anew. With
            a distillation the targets are (B, 2K), the teacher's probabilities beside the class weights.

        Raises:
            RecipeError: The augmentation has no draw.
        """
        raise RecipeError(f"`draw` must be defined in {type(self).__name__}, so that it can be applied.")


@dataclass(frozen=True, repr=False)
class UnloadedAugmentation(AugmentationPart):
    """An augmentation of somebody's own in a stored recipe, whose space file this process has not read (yet).

    Args:
        name: The name of its class.
        values: Name and value of each of its fields.
    """

    name: str
    values: tuple[tuple[str, Any], ...] = ()

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.values)})"

    def to_dict(self) -> dict[str, Any]:
        """What it was made from."""
        return {"part": self.name, **dict(self.values)}

    def draw(self, batch: Any, generator: Any) -> Any:
        """What the augmentation itself draws.

        Raises:
            RecipeError: Its class is still not known.
        """
        part = part_from_dict(self.to_dict())
        if not isinstance(part, AugmentationPart):
            raise RecipeError(f"{self.name} must be an augmentation, but it is another part of a recipe.")
        return part.draw(batch, generator)


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
