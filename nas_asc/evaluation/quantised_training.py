"""A trained network put into 8 bits: calibrated on training clips, and trained on in 8 bits where that is asked for."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from nas_asc.compression import QuantisedNetwork, quantise_network
from nas_asc.models import LoweredNetwork
from nas_asc.recipe import CosineDecay, QuantisedTraining, Recipe
from nas_asc.training import Clips, EpochRow, Training, TrainingResult, train_model

CALIBRATION_CLIPS = 64
_MOMENTUM = 0.05  # by which ranges follow the batches


def calibration_batch(clips: Clips) -> Tensor:
    """Standardised log-mels (n, C, F, T) of at most 64 clips from all over the training clips."""
    rows = torch.linspace(0, len(clips) - 1, min(CALIBRATION_CLIPS, len(clips))).round().long()
    return clips.batch(rows, torch_device=torch.device("cpu")).contiguous()


def quantise(
    lowered: LoweredNetwork,
    clips: Clips,
    *,
    recipe: Recipe,
    qat_epochs: int = 0,
    seed: int = 0,
    torch_device: torch.device | None = None,
    on_epoch: Callable[[EpochRow], None] | None = None,
) -> QuantisedNetwork:
    """The network in 8 bits, with ranges; its weights are trained on where epochs are given.

    Args:
        lowered: The trained network, changed in place where it is trained on.
        clips: Training clips with labels, standardised as the network takes them.
        recipe: That the network was trained with.
        qat_epochs: Passes over the clips in 8 bits; 0 calibrates alone.
        seed: Fixes the order of clips and augmentation.
        torch_device: Where to train; None is the CPU.
        on_epoch: Called after every epoch.

    Raises:
        TrainingError: Training diverged.
    """
    if qat_epochs:
        device = torch_device or torch.device("cpu")
        train_quantised(
            lowered, clips, recipe=recipe, epochs=qat_epochs, seed=seed, torch_device=device, on_epoch=on_epoch
        )
    return quantise_network(lowered, [calibration_batch(clips)])


def train_quantised(
    lowered: LoweredNetwork,
    clips: Clips,
    *,
    recipe: Recipe,
    epochs: int,
    seed: int,
    torch_device: torch.device,
    on_epoch: Callable[[EpochRow], None] | None = None,
    deadline: float | None = None,
) -> TrainingResult:
    """Learning curve of a network trained on with its weights and values in 8 bits.

    Quantisation-aware training takes the recipe's loss, augmentation and kind of optimiser, a share of its learning
    rate falling along a cosine (`QuantisedTraining`), and keeps zeros where pruning left them. Ranges follow the
    batches.

    Args:
        lowered: The trained network, changed in place; on the CPU before and after.
        clips: Training clips with labels, standardised as the network takes them.
        recipe: That the network was trained with.
        epochs: Passes over the clips.
        seed: Fixes the order of clips and augmentation.
        torch_device: Where to train.
        on_epoch: Called after every epoch.
        deadline: Reading of `time.monotonic()` after which no step begins; None is no limit.

    Raises:
        TrainingError: Training diverged.
        DeadlineError: The deadline passed first.
    """
    network = quantise_network(lowered, [calibration_batch(clips)])
    network.momentum = _MOMENTUM
    result = train_model(
        network,
        clips,
        recipe=_fine_recipe(recipe, epochs),
        n_classes=network.out_shape[0],
        seed=seed,
        torch_device=torch_device,
        precision=torch.float32,
        companions=[_ZeroKeeper(network)],
        on_epoch=on_epoch,
        deadline=deadline,
    )
    network.cpu()  # and with it the network in float, whose modules it shares
    return result


def _fine_recipe(recipe: Recipe, epochs: int) -> Recipe:
    quantisation = recipe.quantisation or QuantisedTraining()
    rate = quantisation.rate_share * recipe.optimiser.learning_rate
    return replace(
        recipe,
        epochs=epochs,
        optimiser=replace(recipe.optimiser, learning_rate=rate),  # type: ignore[type-var]
        schedule=CosineDecay(warmup=0.1),
        adaptation=None,
        averaging=None,
        pruning=None,
        dropout=None,
        band_selection=None,
        quantisation=None,
        growth=None,
    )


class _ZeroKeeper:
    """Keeps weights at zero that are zero at first."""

    def __init__(self, network: nn.Module) -> None:
        kernels = {module.weight for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)}
        self._masks = {kernel: kernel.detach() != 0 for kernel in kernels if (kernel == 0).any()}

    def after_step(self, trainer: Training) -> None:
        with torch.no_grad():
            for kernel, mask in self._masks.items():
                kernel.mul_(mask.to(kernel.device))

    def after_epoch(self, trainer: Training, epoch: int) -> None:
        pass

    def finish(self, trainer: Training) -> None:
        pass
