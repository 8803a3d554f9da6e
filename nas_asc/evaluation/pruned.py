"""Training together with the pruning of its recipe."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from nas_asc.compression import AdmmPenalty, WeightPruner, prune_channels
from nas_asc.evaluation.network import build_network
from nas_asc.models import Network
from nas_asc.recipe import AdmmPruning, Recipe, StructuredPruning, WeightPruning
from nas_asc.training import Clips, Companion, EpochRow, TrainingResult, default_epochs, train_model


def train_and_prune(
    network: Network,
    clips: Clips,
    *,
    recipe: Recipe,
    seed: int,
    torch_device: torch.device,
    on_epoch: Callable[[EpochRow], None] | None = None,
    deadline: float | None = None,
    companions: Sequence[Companion] = (),
) -> tuple[Network, TrainingResult]:
    """The network trained in place, its masked weights zero; or where channels go, a smaller one trained on.

    Args:
        network: Its weights are the start.
        clips: Training clips with labels.
        recipe: How to train and what to prune.
        seed: Fixes the order of clips, augmentation and dropout.
        torch_device: Where to compute.
        on_epoch: Called after every epoch; what it raises ends the training.
        deadline: Reading of `time.monotonic()` after which no step begins; None is no limit.
        companions: Told after each step, each epoch, and at the end, of every training.

    Returns:
        The network, and one learning curve of all its epochs.

    Raises:
        TrainingError: Training diverged, or no channels that may be removed let the network fit.
        DeadlineError: The deadline passed first.
    """
    pruning, n_epochs = recipe.pruning, recipe.epochs or default_epochs(len(clips))
    options: dict[str, Any] = {
        "n_classes": network.architecture.n_classes,
        "seed": seed,
        "torch_device": torch_device,
        "deadline": deadline,
        "companions": companions,
    }
    if isinstance(pruning, StructuredPruning):
        return _shrink_between(network, clips, recipe, pruning, n_epochs, on_epoch=on_epoch, options=options)
    if isinstance(pruning, WeightPruning):
        options["companions"] = [WeightPruner(network, pruning, n_epochs=n_epochs), *companions]
    return network, train_model(network, clips, recipe=recipe, on_epoch=on_epoch, **options)


def _shrink_between(
    network: Network,
    clips: Clips,
    recipe: Recipe,
    pruning: StructuredPruning,
    n_epochs: int,
    *,
    on_epoch: Callable[[EpochRow], None] | None,
    options: dict[str, Any],
) -> tuple[Network, TrainingResult]:
    """Two trainings: of the network, then of what is left of it, each with its own schedule."""
    n_after = round(pruning.fine_tuning * n_epochs)
    n_before = n_epochs - n_after
    dense = TrainingResult((), 0.0)
    if n_before:
        penalties = [AdmmPenalty(network, pruning)] if isinstance(pruning, AdmmPruning) else []
        penalised = options | {"companions": [*penalties, *options["companions"]]}
        dense = train_model(network, clips, recipe=replace(recipe, epochs=n_before), on_epoch=on_epoch, **penalised)
    architecture, state = prune_channels(
        network,
        max_params=pruning.max_params,
        max_macs=pruning.max_macs,
        is_exact=pruning.is_exact,
        balance=pruning.balance,
    )
    smaller = build_network(architecture, seed=options["seed"])
    smaller.load_state_dict(state)
    if not n_after:
        return smaller, dense
    rate = pruning.fine_tuning_rate * recipe.optimiser.learning_rate
    fine = replace(recipe, epochs=n_after, optimiser=replace(recipe.optimiser, learning_rate=rate))  # type: ignore[type-var]
    notify = None if on_epoch is None else lambda row: on_epoch(row.after(n_before))
    tuned = train_model(smaller, clips, recipe=fine, on_epoch=notify, **options)
    return smaller, dense.then(tuned)
