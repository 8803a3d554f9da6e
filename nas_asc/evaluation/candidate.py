"""Training and scoring of one candidate; whatever fails in it ends as one reason."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nas_asc.compression import count_state_nonzero
from nas_asc.errors import NasAscError, TrainingError
from nas_asc.evaluation.band_selection import choose_bands, keep_bands, training_log_mel
from nas_asc.evaluation.network import build_network, load_network, to_state
from nas_asc.evaluation.pause import Pause
from nas_asc.evaluation.prepared import PreparedData, ScoredClips
from nas_asc.evaluation.pruned import train_and_prune
from nas_asc.evaluation.quantised_state import quantised_weights
from nas_asc.evaluation.quantised_training import train_quantised
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture
from nas_asc.metrics import Scores, score_predictions
from nas_asc.models import fold_branches, lower_network
from nas_asc.recipe import Recipe
from nas_asc.space import Design
from nas_asc.training import Clips, EpochRow, TrainingResult, predict


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network after its training.

    Args:
        architecture: What was trained in the end; smaller than the design's where channels were removed.
        log_mel: Front end of what it takes; with other bands than the design's where they were selected.
        state: Weights, buffers and standardisation, on the CPU, and beside them the weights that the recipe's training
            in 8 bits gave; see `load_network` and `load_quantised_weights`.
        nonzero_params: Weights, biases, running means and variances of the network in float that are not zero, branches
            folded.
        curve: One row an epoch, those of the recipe's training in 8 bits the last ones.
        seconds: Wall clock of the training, without the selection of bands.
        clips_per_s: Training clips a second over all epochs.
        pause: To go on with where the training was stopped; None where it is finished.
    """

    architecture: Architecture
    log_mel: LogMel
    state: dict[str, Tensor]
    nonzero_params: int
    curve: tuple[EpochRow, ...]
    seconds: float
    clips_per_s: float
    pause: Pause | None = field(default=None, kw_only=True)


@dataclass(frozen=True, eq=False)
class Outcome(TrainedNetwork):
    """A trained network and how it did on validation.

    Args:
        architecture: What was trained in the end; smaller than the design's where channels were removed.
        log_mel: Front end of what it takes; with other bands than the design's where they were selected.
        state: Weights, buffers and standardisation, on the CPU, and beside them the weights that the recipe's training
            in 8 bits gave; see `load_network` and `load_quantised_weights`.
        nonzero_params: Weights, biases, running means and variances of the network in float that are not zero, branches
            folded.
        curve: One row an epoch, those of the recipe's training in 8 bits the last ones.
        seconds: Wall clock of the training, without the selection of bands.
        clips_per_s: Training clips a second over all epochs.
        pause: To go on with where the training was stopped; None where it is finished.
        scores: On the validation clips, of the network in float, before a training in 8 bits.
        probabilities: (n, K) of the validation clips, in their order.
    """

    scores: Scores
    probabilities: NDArray[np.float32]


def evaluate_candidate(
    design: Design,
    prepared: PreparedData,
    *,
    seed: int,
    torch_device: torch.device,
    epochs: int | None = None,
    on_epoch: Callable[[EpochRow], None] | None = None,
    deadline: float | None = None,
    stop_after: int | None = None,
    pause: Pause | None = None,
) -> Outcome:
    """Validation scores and trained weights of one design, trained on the training clips.

    Args:
        design: Network, front end and recipe.
        prepared: Clips and their features.
        seed: Fixes initial weights, order of clips and augmentation.
        torch_device: Where to compute.
        epochs: Passes over the clips instead of the recipe's; None keeps the recipe's.
        on_epoch: Called after every epoch; what it raises ends the training.
        deadline: Reading of `time.monotonic()` after which no step begins; None is no limit.
        stop_after: Epochs after which it stops, to go on another time: the scores are those of the network's weights
            as they then are, neither averaged nor pruned further; None goes through.
        pause: Of the same training, stopped earlier, with which it goes on; None begins it. On a CPU it makes no
            difference to the outcome that a training was stopped.

    Raises:
        TrainingError: Training diverged, ran out of memory or failed in another way; one line.
        DeadlineError: The deadline passed first.
        DataError: Audio cannot be read.
    """
    log_mel = training_log_mel(design)
    train = prepared.train_clips(log_mel)
    with _one_reason(torch_device):
        trained = _train(
            design,
            train,
            seed,
            torch_device,
            epochs=epochs,
            on_epoch=on_epoch,
            deadline=deadline,
            stop_after=stop_after,
            pause=pause,
        )
        validation = prepared.validation_clips(log_mel)
        validation = replace(validation, clips=keep_bands(validation.clips, trained.log_mel))
        scores, probabilities = _score(trained.architecture, trained.state, validation, torch_device)
    return Outcome(**vars(trained), scores=scores, probabilities=probabilities)


def refit(
    design: Design,
    prepared: PreparedData,
    *,
    seed: int,
    torch_device: torch.device,
    epochs: int | None = None,
    on_epoch: Callable[[EpochRow], None] | None = None,
    deadline: float | None = None,
) -> TrainedNetwork:
    """The design trained on training and validation clips together, for use on clips of neither.

    Args:
        design: Network, front end and recipe.
        prepared: Clips and their features; bands are standardised over all development clips.
        seed: Fixes initial weights, order of clips and augmentation.
        torch_device: Where to compute.
        epochs: Passes over the clips instead of the recipe's; None keeps the recipe's.
        on_epoch: Called after every epoch; what it raises ends the training.
        deadline: Reading of `time.monotonic()` after which no step begins; None is no limit.

    Raises:
        TrainingError: As `evaluate_candidate`.
    """
    clips = prepared.development_clips(training_log_mel(design))
    with _one_reason(torch_device):
        return _train(design, clips, seed, torch_device, epochs=epochs, on_epoch=on_epoch, deadline=deadline)


def score_test(
    design: Design,
    state: Mapping[str, Tensor],
    prepared: PreparedData,
    *,
    torch_device: torch.device,
    architecture: Architecture | None = None,
    log_mel: LogMel | None = None,
) -> Scores:
    """Scores on the test clips, which no search may read.

    Args:
        design: What the state was trained as.
        state: Of a `TrainedNetwork`.
        prepared: Clips and their features.
        torch_device: Where to compute.
        architecture: Of a `TrainedNetwork`; None is the design's.
        log_mel: Of a `TrainedNetwork`; None is the design's.

    Raises:
        TrainingError: Prediction failed; one line.
        DataError: There are no labelled test clips, or audio cannot be read.
    """
    clips = prepared.test_clips(log_mel or design.log_mel)
    with _one_reason(torch_device):
        return _score(architecture or design.architecture, state, clips, torch_device)[0]


def _train(
    design: Design,
    clips: Clips,
    seed: int,
    torch_device: torch.device,
    *,
    epochs: int | None,
    on_epoch: Callable[[EpochRow], None] | None,
    deadline: float | None,
    stop_after: int | None = None,
    pause: Pause | None = None,
) -> TrainedNetwork:
    recipe = design.recipe if epochs is None else replace(design.recipe, epochs=epochs)
    design = replace(design, recipe=recipe)
    if pause is None:
        log_mel = choose_bands(design, clips, seed=seed, torch_device=torch_device, deadline=deadline)
    else:
        log_mel = pause.log_mel
    clips = keep_bands(clips, log_mel)
    model, result, dense = train_and_prune(
        build_network(design.architecture, seed=seed),
        clips,
        recipe=recipe,
        seed=seed,
        torch_device=torch_device,
        on_epoch=on_epoch,
        deadline=deadline,
        stop_after=stop_after,
        pause=pause,
    )
    mean, std = clips.band_statistics
    state = to_state(model, mean=mean, std=std)
    if recipe.quantisation is not None and result.checkpoint is None:
        state, result = _train_quantised(
            model.architecture,
            state,
            clips,
            recipe,
            result,
            seed=seed,
            torch_device=torch_device,
            on_epoch=on_epoch,
            deadline=deadline,
        )
    clips_per_s = len(clips) * len(result.curve) / result.seconds
    nonzero_params = count_state_nonzero(fold_branches(model).state_dict())
    stopped = None if result.checkpoint is None else Pause(result.checkpoint, log_mel, dense)
    return TrainedNetwork(
        model.architecture, log_mel, state, nonzero_params, result.curve, result.seconds, clips_per_s, pause=stopped
    )


def _train_quantised(
    architecture: Architecture,
    state: dict[str, Tensor],
    clips: Clips,
    recipe: Recipe,
    before: TrainingResult,
    *,
    seed: int,
    torch_device: torch.device,
    on_epoch: Callable[[EpochRow], None] | None,
    deadline: float | None,
) -> tuple[dict[str, Tensor], TrainingResult]:
    """The state with weights trained in 8 bits beside those in float, and one learning curve of both trainings."""
    assert recipe.quantisation is not None
    n_before = len(before.curve)
    lowered = lower_network(load_network(architecture, state)[0])
    result = train_quantised(
        lowered,
        clips,
        recipe=recipe,
        epochs=recipe.quantisation.n_epochs(n_before),
        seed=seed,
        torch_device=torch_device,
        on_epoch=None if on_epoch is None else lambda row: on_epoch(row.after(n_before)),
        deadline=deadline,
    )
    return state | quantised_weights(lowered), before.then(result)


def _score(
    architecture: Architecture, state: Mapping[str, Tensor], scored: ScoredClips, torch_device: torch.device
) -> tuple[Scores, NDArray[np.float32]]:
    model, mean, std = load_network(architecture, state)
    clips = replace(scored.clips, mean=mean, std=std)
    probabilities = predict(model, clips, torch_device=torch_device)
    if not np.isfinite(probabilities).all():
        raise TrainingError("training diverged: the network's predictions are not finite. Try a lower `learning_rate`.")
    return score_predictions(scored.labels, probabilities, scored.devices), probabilities


@contextmanager
def _one_reason(torch_device: torch.device) -> Iterator[None]:
    """Turn whatever torch raises into one TrainingError of one line; our own errors and interrupts pass."""
    try:
        yield
    except NasAscError:
        raise
    except (RuntimeError, ValueError, MemoryError) as error:
        if torch_device.type == "cuda":
            torch.cuda.empty_cache()
        lines = str(error).strip().splitlines()
        reason = lines[0] if lines else "no reason given"
        if isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in reason:
            reason = f"out of memory: {reason} Try a smaller `batch_size`."
        raise TrainingError(f"training failed: {type(error).__name__}: {reason}") from error
