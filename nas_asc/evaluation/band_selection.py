"""Mel bands chosen by a training of their own, before the network is trained on them."""

import copy
from dataclasses import replace

from torch import nn

from nas_asc.compression import BandGates, BandPenalty
from nas_asc.evaluation.network import build_network
from nas_asc.frontend import LogMel
from nas_asc.models import Network
from nas_asc.recipe import BandSelection, ConstantRate, Recipe
from nas_asc.space import Design, whole_log_mel
from nas_asc.training import Clips, Run, ignore_epoch, train_model


def training_log_mel(design: Design) -> LogMel:
    """Front end whose features a training of the design reads: with all bands where it chooses among them."""
    return whole_log_mel(design.log_mel, design.recipe)


def choose_bands(design: Design, clips: Clips, run: Run) -> LogMel:
    """The design's front end with the bands that its recipe's selection finds, as many as it has; or as it is.

    Args:
        design: Its network is built once more for all bands.
        clips: Training clips of `training_log_mel`.
        run: The run of the design's training; its epochs are told to nobody.

    Raises:
        TrainingError: The design's front end keeps all bands, or the selection diverged.
        DeadlineError: The time was over first.
        LayerError: The network cannot take all bands.
    """
    selection = design.recipe.band_selection
    if selection is None:
        return design.log_mel
    _, n_bands, n_frames = clips.in_shape
    wide = replace(design.architecture, in_shape=(design.log_mel.n_channels, n_bands, n_frames))
    kept = select_bands(
        build_network(wide, seed=run.seed),
        clips,
        run,
        n_kept=design.log_mel.n_bands,
        selection=selection,
        recipe=replace(design.recipe, epochs=selection.epochs or design.recipe.epochs),
    )
    return replace(design.log_mel, kept_bands=kept)


def select_bands(
    network: Network,
    clips: Clips,
    run: Run,
    *,
    n_kept: int,
    selection: BandSelection,
    recipe: Recipe,
) -> tuple[int, ...]:
    """The mel bands to keep, ascending, by gates that are trained in front of a copy of the network.

    Args:
        network: Its weights are the start; it stays as it is.
        clips: Training clips with labels, of all bands.
        run: Seed, torch device and time; goes through, and its epochs are told to nobody.
        n_kept: Bands to keep, fewer than the clips have.
        selection: The penalty.
        recipe: How to train, and how long; its learning rate stays at the peak, and its pruning, averaging, adaptation,
            dropout and growth are left out.

    Raises:
        TrainingError: `n_kept` is out of range, or the training diverged.
        DeadlineError: The time was over first.
    """
    gates = BandGates(clips.in_shape[1])
    penalty = BandPenalty(gates, n_kept=n_kept, selection=selection)
    plain = replace(
        recipe, schedule=ConstantRate(), pruning=None, averaging=None, adaptation=None, dropout=None, growth=None
    )  # multipliers grow to the end, so gates must be able to follow
    train_model(
        nn.Sequential(gates, copy.deepcopy(network)),
        clips,
        replace(run, on_epoch=ignore_epoch, stop_after=None),
        recipe=plain,
        n_classes=network.architecture.n_classes,
        companions=[penalty],
    )
    return penalty.kept_bands


def keep_bands(clips: Clips, log_mel: LogMel) -> Clips:
    """Clips with the bands of a front end alone, the same values as before; themselves where they have no others.

    Args:
        clips: The clips of all mel bands, or of those of the front end.
        log_mel: The front end.
    """
    if log_mel.kept_bands is None or log_mel.n_bands == clips.in_shape[1]:
        return clips
    rows = list(log_mel.kept_bands)
    return replace(
        clips,
        features=clips.features[:, :, rows],
        mean=None if clips.mean is None else clips.mean[rows],
        std=None if clips.std is None else clips.std[rows],
        log_mel=None if clips.log_mel is None else log_mel,
    )
