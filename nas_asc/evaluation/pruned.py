"""Training together with the pruning of its recipe."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from nas_asc.compression import AdmmPenalty, WeightPruner, prune_channels, validate_pruning
from nas_asc.evaluation.network import build_network
from nas_asc.evaluation.pause import Dense, Pause
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
    stop_after: int | None = None,
    pause: Pause | None = None,
) -> tuple[Network, TrainingResult, Dense | None]:
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
        stop_after: Epochs after which it stops, to go on another time; None goes through.
        pause: Of the same training, stopped earlier, with which it goes on; None begins it.

    Returns:
        The network; one learning curve of all its epochs, with a checkpoint where it was stopped; and where channels
        went, what they went from.

    Raises:
        TrainingError: Training diverged; or, before it begins, no channels that may be removed let the network fit.
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
    validate_pruning(network.architecture, pruning)
    if isinstance(pruning, StructuredPruning):
        return _shrink_between(
            network,
            clips,
            replace(recipe, epochs=n_epochs),
            pruning,
            on_epoch=on_epoch,
            stop_after=stop_after,
            pause=pause,
            options=options,
        )
    options |= {"stop_after": stop_after, "checkpoint": None if pause is None else pause.training}
    if isinstance(pruning, WeightPruning):
        options["companions"] = [WeightPruner(network, pruning, n_epochs=n_epochs), *companions]
    return network, train_model(network, clips, recipe=recipe, on_epoch=on_epoch, **options), None


def _shrink_between(
    network: Network,
    clips: Clips,
    recipe: Recipe,
    pruning: StructuredPruning,
    *,
    on_epoch: Callable[[EpochRow], None] | None,
    stop_after: int | None,
    pause: Pause | None,
    options: dict[str, Any],
) -> tuple[Network, TrainingResult, Dense | None]:
    """Two trainings: of the network, then of what is left of it, each with its own schedule."""
    n_epochs = recipe.epochs or 0
    n_after = round(pruning.fine_tuning * n_epochs)
    n_before = n_epochs - n_after
    dense = None if pause is None else pause.dense
    checkpoint = None if pause is None else pause.training
    if dense is None:
        first = TrainingResult((), 0.0)
        if n_before:
            penalties = [AdmmPenalty(network, pruning)] if isinstance(pruning, AdmmPruning) else []
            stop = stop_after if (stop_after or n_epochs) <= n_before else None
            stops: dict[str, Any] = {"stop_after": stop, "checkpoint": checkpoint}
            stops["companions"] = [*penalties, *options["companions"]]
            before = replace(recipe, epochs=n_before)
            first = train_model(network, clips, recipe=before, on_epoch=on_epoch, **(options | stops))
        if first.checkpoint is not None:
            return network, first, None
        state = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
        dense, checkpoint = Dense(state, first.curve, first.seconds), None
    smaller = _shrink(network, dense, pruning, seed=options["seed"])
    if not n_after:
        return smaller, TrainingResult(dense.curve, dense.seconds), dense
    rate = pruning.fine_tuning_rate * recipe.optimiser.learning_rate
    growth = None if recipe.growth is None else recipe.growth.after(n_before)
    fine = replace(recipe, epochs=n_after, growth=growth, optimiser=replace(recipe.optimiser, learning_rate=rate))  # type: ignore[type-var]
    notify = None if on_epoch is None else lambda row: on_epoch(row.after(n_before))
    stops = {"stop_after": None if stop_after is None else stop_after - n_before, "checkpoint": checkpoint}
    tuned = train_model(smaller, clips, recipe=fine, on_epoch=notify, **(options | stops))
    return smaller, TrainingResult(dense.curve, dense.seconds).then(tuned), dense


def _shrink(network: Network, dense: Dense, pruning: StructuredPruning, *, seed: int) -> Network:
    """What is left of a network with the weights of its own training."""
    network.load_state_dict(dict(dense.state))
    architecture, state = prune_channels(
        network,
        max_params=pruning.max_params,
        max_macs=pruning.max_macs,
        is_exact=pruning.is_exact,
        balance=pruning.balance,
    )
    smaller = build_network(architecture, seed=seed)
    smaller.load_state_dict(state)
    return smaller
