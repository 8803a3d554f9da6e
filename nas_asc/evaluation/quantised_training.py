"""A trained network put into 8 bits: calibrated on training clips, and trained on in 8 bits where that is asked for."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from nas_asc.compression import QuantisedNetwork, quantise_network
from nas_asc.models import LoweredNetwork
from nas_asc.recipe import CosineDecay, Recipe
from nas_asc.training import Clips, EpochRow, Trainer, train_model

CALIBRATION_CLIPS = 64
_RATE_SHARE = 0.05  # of the recipe's learning rate
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

    Quantisation-aware training takes the recipe's loss, augmentation and kind of optimiser, a twentieth of its learning
    rate falling along a cosine, and keeps zeros where pruning left them. Ranges follow the batches, and are measured
    once more at the end.

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
    network = quantise_network(lowered, [calibration_batch(clips)])
    if not qat_epochs:
        return network
    network.momentum = _MOMENTUM
    train_model(
        network,
        clips,
        recipe=_fine_recipe(recipe, qat_epochs),
        n_classes=network.out_shape[0],
        seed=seed,
        torch_device=torch_device or torch.device("cpu"),
        precision=torch.float32,
        companions=[_ZeroKeeper(network)],
        on_epoch=on_epoch,
    )
    return quantise_network(network.cpu(), [calibration_batch(clips)])  # ranges of the weights as they are now


def _fine_recipe(recipe: Recipe, epochs: int) -> Recipe:
    rate = _RATE_SHARE * recipe.optimiser.learning_rate
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
    )


class _ZeroKeeper:
    """Keeps weights at zero that are zero at first."""

    def __init__(self, network: nn.Module) -> None:
        kernels = {module.weight for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)}
        self._masks = {kernel: kernel.detach() != 0 for kernel in kernels if (kernel == 0).any()}

    def after_step(self, trainer: Trainer) -> None:
        with torch.no_grad():
            for kernel, mask in self._masks.items():
                kernel.mul_(mask.to(kernel.device))

    def after_epoch(self, trainer: Trainer, epoch: int) -> None:
        pass

    def finish(self, trainer: Trainer) -> None:
        pass
