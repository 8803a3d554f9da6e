"""The training recipe: its parts together."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from nas_asc.errors import RecipeError
from nas_asc.recipe.adaptation import DomainAdaptation
from nas_asc.recipe.augmentation import AugmentationPart, FreqMask, TimeRoll, UnloadedAugmentation
from nas_asc.recipe.averaging import Averaging
from nas_asc.recipe.bands import BandSelection
from nas_asc.recipe.dropout import DropoutRates
from nas_asc.recipe.growth import ClipGrowth
from nas_asc.recipe.loss import CrossEntropy, Loss
from nas_asc.recipe.mixing import Mixup
from nas_asc.recipe.optimiser import AdamW, Decay, Optimiser
from nas_asc.recipe.part import Part, part_from_dict
from nas_asc.recipe.pruning import Pruning
from nas_asc.recipe.quantisation import QuantisedTraining
from nas_asc.recipe.schedule import CosineDecay, Schedule

_OPTIMISER, _SCHEDULE, _LOSS = AdamW(5e-3), CosineDecay(), CrossEntropy()
BITS = (8, 16, 32)
_AUGMENTATION = (TimeRoll(1.0), Mixup(0.3), FreqMask(0.2))


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one network is trained.

    Args:
        epochs: Passes over the training clips; None lets the trainer choose from their number.
        batch_size: Clips a step at least, as what is left over is shared out; None lets the trainer choose from their
            number.
        optimiser: What changes the weights, with its peak learning rate.
        schedule: Factor of the learning rate over the steps.
        augmentation: The augmentation of training batches, in the order of their application; None among them is
            left out.
        loss: What is made small.
        adaptation: To devices other than the reference, whose clips then must be known; None is none.
        averaging: The averaging of the weights, the average being the trained ones; None keeps the last weights.
        pruning: What is removed during or after training; None is nothing.
        decay: Weight decay of each kind of parameter; None is the optimiser's for kernels, and zero for the others.
        dropout: In training, after the network's convolutions and dense layers; None is off.
        band_selection: The selection of the mel bands, before the training; None keeps those that the front
            end names.
        quantisation: Training in 8 bits after training and pruning, for the int8 file; None calibrates the file alone.
        bits: The bits of the weights in the file that is scored and deployed: 8 (integers throughout), 16 (float16)
            or 32 (float32). Its bytes count at that precision, so that an axis of a space may trade bits for parameters
            where the rules limit bytes (DCASE 2020, 2021, and since 2023). None leaves it to the budget, with an int8
            file.
        member_weight: The weight of the members' own losses beside the loss of what they say together, in
            [0, 1], for a network that is an `Ensemble` of probabilities: 1 trains each member by itself, 0 all of them
            together. Training in 8 bits trains them together.
        growth: The growth of the clips that train, from a share in the first epochs to all; None trains on all
            throughout.

    Raises:
        RecipeError: A value is out of range or of another kind, with the value.
    """

    epochs: int | None = None
    batch_size: int | None = None
    optimiser: Optimiser = _OPTIMISER
    schedule: Schedule = _SCHEDULE
    augmentation: tuple[AugmentationPart, ...] = _AUGMENTATION
    loss: Loss = _LOSS
    adaptation: DomainAdaptation | None = None
    averaging: Averaging | None = None
    pruning: Pruning | None = None
    decay: Decay | None = None
    dropout: DropoutRates | None = None
    band_selection: BandSelection | None = None
    quantisation: QuantisedTraining | None = None
    bits: int | None = None
    growth: ClipGrowth | None = None
    member_weight: float = 1.0

    def __post_init__(self) -> None:
        for name, at_least in (("epochs", 1), ("batch_size", 2)):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < at_least):
                raise RecipeError(f"`{name}` must be {at_least} or more, or None, but got {name}={value!r}.")
        if not isinstance(self.member_weight, int | float) or not 0 <= self.member_weight <= 1:
            raise RecipeError(
                f"`member_weight` must be a share in [0, 1], but got member_weight={self.member_weight!r}."
            )
        if self.bits is not None and (type(self.bits) is not int or self.bits not in BITS):
            raise RecipeError(f"`bits` must be 8, 16 or 32, or None, but got bits={self.bits!r}.")
        if self.quantisation is not None and self.bits not in (None, 8):
            raise RecipeError(f"`quantisation` trains for a file of 8 bits, but got bits={self.bits}. Leave one out.")
        for name, kind in _KINDS.items():
            if not isinstance(getattr(self, name), kind):
                must = " or ".join("None" if one is type(None) else one.__name__ for one in kind)
                raise RecipeError(f"`{name}` must be of the kind {must}, but got {name}={getattr(self, name)!r}.")
        parts = self.augmentation
        if type(parts) is not tuple or not all(part is None or isinstance(part, AugmentationPart) for part in parts):
            raise RecipeError(
                "`augmentation` must be a tuple of augmentations such as (TimeRoll(), Mixup(0.3)),"
                f" but got augmentation={self.augmentation!r}."
            )
        object.__setattr__(self, "augmentation", tuple(part for part in parts if part is not None))

    def n_curve_epochs(self, n_epochs: int) -> int:
        """Epochs of the learning curve: of the training, and those in 8 bits after it.

        Args:
            n_epochs: The number of epochs of the training.
        """
        return n_epochs + (0 if self.quantisation is None else self.quantisation.n_epochs(n_epochs))

    def n_passes(self, n_epochs: int) -> float:
        """Passes over the training clips in all, the selection of bands and the training in 8 bits included.

        Args:
            n_epochs: The number of epochs of the training.

        >>> Recipe().n_passes(10), Recipe(band_selection=BandSelection()).n_passes(10)
        (10, 20)
        >>> Recipe(quantisation=QuantisedTraining(0.2)).n_passes(10)
        12
        >>> Recipe(growth=ClipGrowth((4,), (0.5,))).n_passes(10)
        8.0
        """
        selection, saved = self.band_selection, n_epochs - self.n_training_passes(n_epochs)
        return self.n_curve_epochs(n_epochs) - saved + (0 if selection is None else selection.epochs or n_epochs)

    def n_training_passes(self, n_epochs: int, *, first: int = 0) -> float:
        """Passes over the training clips of the training's epochs after `first`.

        Args:
            n_epochs: The number of epochs of the training, up to its end or to where it stops.
            first: Epochs that are done.
        """
        return n_epochs - first if self.growth is None else self.growth.n_passes(n_epochs, first=first)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` gives the recipe back."""
        return {field.name: _to_plain(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Recipe":
        """Recipe of what `to_dict` gave, also after a way through JSON.

        An augmentation whose class is unknown stands for one of a space file that has not been read; applying it needs
        that file.

        Raises:
            RecipeError: Another part is unknown, or a value out of range.
        """
        made = {name: _from_plain(value) for name, value in values.items() if name != "augmentation"}
        if "augmentation" in values:
            made["augmentation"] = tuple(map(_to_augmentation, values["augmentation"]))
        return cls(**made)


_KINDS: dict[str, tuple[type, ...]] = {
    "optimiser": (Optimiser,),
    "schedule": (Schedule,),
    "loss": (Loss,),
    "adaptation": (DomainAdaptation, type(None)),
    "averaging": (Averaging, type(None)),
    "pruning": (Pruning, type(None)),
    "decay": (Decay, type(None)),
    "dropout": (DropoutRates, type(None)),
    "band_selection": (BandSelection, type(None)),
    "quantisation": (QuantisedTraining, type(None)),
    "growth": (ClipGrowth, type(None)),
}


def _to_plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_to_plain(item) for item in value]
    return value.to_dict() if isinstance(value, Part) else value


def _to_augmentation(values: Mapping[str, Any]) -> Any:
    if values["part"] in Part.known:
        return part_from_dict(dict(values))
    return UnloadedAugmentation(
        values["part"], tuple((name, _from_plain(value)) for name, value in values.items() if name != "part")
    )


def _from_plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_from_plain(item) for item in value)
    return part_from_dict(value) if isinstance(value, dict) else value
