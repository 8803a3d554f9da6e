"""The training recipe as plain data: optimiser, schedule, augmentation, loss.

Conventions:
    Shares are of the whole in [0, 1]. `None` means that the part is off, or chosen from the data.
"""

from dataclasses import dataclass

from nas_asc.errors import RecipeError


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one network is trained: AdamW, linear warm-up and cosine decay, soft-label cross-entropy.

    Args:
        epochs: Passes over the training clips; None lets the trainer choose from their number.
        batch_size: Clips a step; None lets the trainer choose from their number.
        learning_rate: Peak of the schedule.
        weight_decay: Of AdamW; not applied to norms and biases.
        warmup: Share of all steps spent in linear warm-up.
        label_smoothing: Share of the label mass spread over all classes.
        mixup_alpha: Beta(alpha, alpha) of the mixing weight; None is off.
        time_roll: Largest circular shift as a share of the clip.
        freq_mask: Widest mask as a share of the mel bands.
        time_mask: Widest mask as a share of the frames.

    Raises:
        RecipeError: A value is out of range, with the value.
    """

    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float = 5e-3
    weight_decay: float = 1e-3
    warmup: float = 0.1
    label_smoothing: float = 0.0
    mixup_alpha: float | None = 0.3
    time_roll: float = 1.0
    freq_mask: float = 0.2
    time_mask: float = 0.0

    def __post_init__(self) -> None:
        if self.epochs is not None and self.epochs < 1:
            raise RecipeError(f"`epochs` must be 1 or more, or None, but got epochs={self.epochs}.")
        if self.batch_size is not None and self.batch_size < 2:
            raise RecipeError(f"`batch_size` must be 2 or more, or None, but got batch_size={self.batch_size}.")
        if not self.learning_rate > 0:
            raise RecipeError(f"`learning_rate` must be above 0, but got learning_rate={self.learning_rate}.")
        if self.weight_decay < 0:
            raise RecipeError(f"`weight_decay` must not be negative, but got weight_decay={self.weight_decay}.")
        if self.mixup_alpha is not None and not self.mixup_alpha > 0:
            raise RecipeError(f"`mixup_alpha` must be above 0, or None, but got mixup_alpha={self.mixup_alpha}.")
        for name in ("warmup", "label_smoothing", "time_roll", "freq_mask", "time_mask"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise RecipeError(f"`{name}` must be a share in [0, 1], but got {name}={value}.")
