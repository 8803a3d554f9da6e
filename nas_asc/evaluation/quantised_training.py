"""A trained network put into 8 bits: calibrated on training clips, and trained on in 8 bits where that is asked for."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from nas_asc.compression import QuantisedNetwork, quantise_network
from nas_asc.models import LoweredNetwork
from nas_asc.recipe import CosineDecay, QuantisedTraining, Recipe
from nas_asc.training import Clips, Run, Training, TrainingResult, train_model

CALIBRATION_CLIPS = 64
_MOMENTUM = 0.05  # by which ranges follow the batches


def calibration_batch(clips: Clips) -> Tensor:
    """Standardised log-mels (n, C, F, T) of at most 64 clips from all over the training clips."""
    rows = torch.linspace(0, len(clips) - 1, min(CALIBRATION_CLIPS, len(clips))).round().long()
    return clips.batch(rows, torch_device=torch.device("cpu")).contiguous()


def quantise(
    lowered: LoweredNetwork, clips: Clips, run: Run | None = None, *, recipe: Recipe, qat_epochs: int = 0
) -> QuantisedNetwork:
    """The network in 8 bits, with ranges; its weights are trained on where epochs are given.

    Args:
        lowered: The trained network, changed in place where it is trained on.
        clips: Training clips with labels, standardised as the network takes them.
        run: The run of the training in 8 bits; None is a plain one.
        recipe: The recipe that the network was trained with.
        qat_epochs: Passes over the clips in 8 bits; 0 calibrates alone.

    Raises:
        TrainingError: Training diverged.
    """
    if qat_epochs:
        train_quantised(lowered, clips, run or Run(), recipe=recipe, epochs=qat_epochs)
    return quantise_network(lowered, [calibration_batch(clips)])


def train_quantised(lowered: LoweredNetwork, clips: Clips, run: Run, *, recipe: Recipe, epochs: int) -> TrainingResult:
    """Learning curve of a network trained on with its weights and values in 8 bits.

    Quantisation-aware training takes the recipe's loss, augmentation and kind of optimiser, a share of its learning
    rate falling along a cosine (`QuantisedTraining`), and keeps zeros where pruning left them. Ranges follow the
    batches.

    Args:
        lowered: The trained network, changed in place; on the CPU before and after.
        clips: Training clips with labels, standardised as the network takes them.
        run: Seed, torch device, time and events.
        recipe: The recipe that the network was trained with.
        epochs: Passes over the clips.

    Raises:
        TrainingError: Training diverged.
        DeadlineError: The time was over first.
    """
    network = follow_ranges(lowered, clips)
    result = train_model(
        network,
        clips,
        replace(run, graphs=False),  # its ranges follow the batches in ways that are not recorded
        recipe=fine_recipe(recipe, epochs),
        n_classes=network.out_shape[0],
        precision=torch.float32,
        companions=[_ZeroKeeper(network)],
    )
    network.cpu()  # and with it the network in float, whose modules it shares
    return result


def follow_ranges(lowered: LoweredNetwork, clips: Clips) -> QuantisedNetwork:
    """The network in 8 bits with ranges that follow the batches, to be trained.

    Args:
        lowered: The trained network, whose modules it shares.
        clips: Training clips, standardised as the network takes them.
    """
    network = quantise_network(lowered, [calibration_batch(clips)])
    network.momentum = _MOMENTUM
    return network


def fine_recipe(recipe: Recipe, epochs: int) -> Recipe:
    """The recipe of a training in 8 bits that follows a training.

    Args:
        recipe: The recipe of the training before.
        epochs: In 8 bits.
    """
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
        self._kernels = [kernel for kernel in kernels if (kernel == 0).any()]
        self._masks = [(kernel.detach() != 0).to(kernel) for kernel in self._kernels]

    @torch.no_grad()
    def after_step(self, trainer: Training) -> None:
        if self._kernels:
            pairs = zip(self._masks, self._kernels, strict=True)
            self._masks = [mask.to(kernel.device) for mask, kernel in pairs]  # the network was moved once
            torch._foreach_mul_(self._kernels, self._masks)

    def after_epoch(self, trainer: Training, epoch: int) -> None:
        pass

    def finish(self, trainer: Training) -> None:
        pass
