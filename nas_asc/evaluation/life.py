"""A candidate's life from its design to its scores, stage by stage; whatever fails in it ends as one reason."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from nas_asc.compression import validate_pruning
from nas_asc.errors import NasAscError, OutOfMemoryError, TrainingError
from nas_asc.evaluation.band_selection import keep_bands, training_log_mel
from nas_asc.evaluation.checkpoint import StageCheckpoint
from nas_asc.evaluation.network import TrainedNetwork, build_network
from nas_asc.evaluation.prepared import PreparedData, ScoredClips
from nas_asc.evaluation.stage import Life, Stage, list_stages
from nas_asc.layers import format_architecture, parse_architecture
from nas_asc.metrics import Scores, score_predictions
from nas_asc.space import Design
from nas_asc.training import CPU, Checkpoint, Clips, EpochRow, Run, default_epochs


@dataclass(frozen=True, eq=False)
class Trained:
    """What the training of one design gave.

    Args:
        network: The trained network.
        curve: One row an epoch, those of the recipe's training in 8 bits the last ones.
        seconds: Wall clock of the epochs, without the selection of bands.
        n_clips: Clips that it was trained on.
        checkpoint: To go on with where the training was stopped; None where it is finished.
    """

    network: TrainedNetwork
    curve: tuple[EpochRow, ...]
    seconds: float
    n_clips: int
    checkpoint: StageCheckpoint | None = None

    @property
    def clips_per_s(self) -> float:
        """Training clips a second over all epochs."""
        return self.n_clips * len(self.curve) / max(self.seconds, 1e-9)


@dataclass(frozen=True, eq=False)
class Outcome:
    """A training and how its network did on the validation clips.

    Args:
        training: On the training clips.
        scores: The scores of the network in float, before a training in 8 bits.
        probabilities: (n, K) of the validation clips, in their order.
    """

    training: Trained
    scores: Scores
    probabilities: NDArray[np.float32]

    @property
    def network(self) -> TrainedNetwork:
        """The trained network."""
        return self.training.network

    @property
    def curve(self) -> tuple[EpochRow, ...]:
        """One row an epoch."""
        return self.training.curve

    @property
    def checkpoint(self) -> StageCheckpoint | None:
        """To go on with where the training was stopped."""
        return self.training.checkpoint


def evaluate_candidate(
    design: Design,
    prepared: PreparedData,
    run: Run,
    *,
    checkpoint: StageCheckpoint | None = None,
    layer_types: tuple[type, ...] = (),
) -> Outcome:
    """Validation scores and trained network of one design, trained on the training clips.

    Args:
        design: Network, front end and recipe.
        prepared: Clips and their features.
        run: Seed, torch device, time, events, and where to stop. The scores of a training that stops are those of the
            weights as they then are, neither averaged nor pruned further.
        checkpoint: The checkpoint of the same training, stopped earlier, with which it goes on; None begins it. On
            a CPU it makes no difference to the outcome that a training was stopped.
        layer_types: Layer classes of the space's own, where a checkpoint is given.

    Raises:
        TrainingError: Training diverged, ran out of memory or failed in another way; one line.
        DeadlineError: The time was over first.
        DataError: Audio cannot be read.
    """
    log_mel = training_log_mel(design)
    clips = prepared.train_clips(log_mel, torch_device=run.torch_device)
    training = train_design(design, clips, run, checkpoint=checkpoint, layer_types=layer_types)
    validation = prepared.validation_clips(log_mel, torch_device=run.torch_device)
    validation = replace(validation, clips=keep_bands(validation.clips, training.network.log_mel))
    with _one_reason():
        scores, probabilities = _score(training.network, validation, run.torch_device)
    return Outcome(training, scores, probabilities)


def train_design(
    design: Design,
    clips: Clips,
    run: Run,
    *,
    checkpoint: StageCheckpoint | None = None,
    layer_types: tuple[type, ...] = (),
) -> Trained:
    """A design after all stages of its training, or as far as it was to go.

    Args:
        design: Network, front end and recipe; where this names no epochs, `default_epochs` of the number of clips.
        clips: To train on, of `training_log_mel`.
        run: Seed, torch device, time, events, and where to stop.
        checkpoint: The checkpoint of the same training, stopped earlier; None begins it.
        layer_types: Layer classes of the space's own, where a checkpoint is given.

    Raises:
        TrainingError: As `evaluate_candidate`.
        DeadlineError: The time was over first.
    """
    recipe = replace(design.recipe, epochs=design.recipe.epochs or default_epochs(len(clips)))
    design = replace(design, recipe=recipe)
    with _one_reason():
        validate_pruning(design.architecture, recipe.pruning)
        stages = {stage.name: stage for stage in list_stages(recipe)}
        if checkpoint is None:
            first, given = 0, None
            life = Life(design, clips, design.log_mel, build_network(design.architecture, seed=run.seed))
        else:
            first, given = list(stages).index(checkpoint.stage), checkpoint.training
            life = _go_on(design, clips, checkpoint, seed=run.seed, layer_types=layer_types)
        return _live(life, list(stages.values())[first:], run, given)


def _live(life: Life, stages: Sequence[Stage], run: Run, given: Checkpoint | None) -> Trained:
    for stage in stages:
        curve, seconds = life.curve, life.seconds
        stopped = stage.live(life, run, given)
        given = None
        if stopped is not None:
            text = format_architecture(life.network.architecture)
            checkpoint = StageCheckpoint(stage.name, stopped, text, life.log_mel, curve, seconds)
            return Trained(life.to_trained(), life.curve, life.seconds, len(life.clips), checkpoint)
    return Trained(life.to_trained(), life.curve, life.seconds, len(life.clips))


def _go_on(
    design: Design, clips: Clips, checkpoint: StageCheckpoint, *, seed: int, layer_types: tuple[type, ...]
) -> Life:
    """The life as it was when the stopped stage began, but for the weights, which are the stage's own."""
    text = checkpoint.architecture
    architecture = parse_architecture(text, layer_types) if text else design.architecture
    network = build_network(architecture, seed=seed)
    log_mel = checkpoint.log_mel
    return Life(design, keep_bands(clips, log_mel), log_mel, network, checkpoint.curve, checkpoint.seconds)


def score_test(network: TrainedNetwork, prepared: PreparedData, *, torch_device: torch.device = CPU) -> Scores:
    """Scores on the test clips, which no search may read.

    Args:
        network: Whose.
        prepared: Clips and their features.
        torch_device: Where to compute.

    Raises:
        TrainingError: Prediction failed; one line.
        DataError: There are no labelled test clips, or audio cannot be read.
    """
    clips = prepared.test_clips(network.log_mel)
    with _one_reason():
        return _score(network, clips, torch_device)[0]


def _score(
    network: TrainedNetwork, scored: ScoredClips, torch_device: torch.device
) -> tuple[Scores, NDArray[np.float32]]:
    probabilities = network.predict(scored.clips, torch_device=torch_device)
    if not np.isfinite(probabilities).all():
        raise TrainingError("training diverged: the network's predictions are not finite. Try a lower `learning_rate`.")
    return score_predictions(scored.labels, probabilities, scored.devices), probabilities


@contextmanager
def _one_reason() -> Iterator[None]:
    """Turn whatever torch raises into one TrainingError of one line; our own errors and interrupts pass."""
    try:
        yield
    except NasAscError:
        raise
    except (RuntimeError, ValueError, MemoryError) as error:
        lines = str(error).strip().splitlines()
        reason = lines[0] if lines else "no reason given"
        if isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in reason:
            reason = f"training failed: {type(error).__name__}: out of memory: {reason} Try a smaller `batch_size`."
            raise OutOfMemoryError(reason) from error
        raise TrainingError(f"training failed: {type(error).__name__}: {reason}") from error
