"""One whole training: epochs, learning curve, and the ways in which it can end early."""

import copy
import math
from collections.abc import Sequence

import torch
from torch import nn

from nas_asc.errors import TrainingError
from nas_asc.recipe import Recipe
from nas_asc.training.checkpoint import Checkpoint, read_random, restore_random
from nas_asc.training.clips import Clips
from nas_asc.training.companion import Companion
from nas_asc.training.companions import build_companions
from nas_asc.training.compute import prepare_process
from nas_asc.training.curve import EpochRow
from nas_asc.training.precision import choose_precision
from nas_asc.training.result import DeadlineError, TrainingResult
from nas_asc.training.run import Run
from nas_asc.training.schedule import default_epochs
from nas_asc.training.seed import seeded
from nas_asc.training.step_graph import CudaRecorder
from nas_asc.training.trainer import Trainer


def train_model(
    model: nn.Module,
    clips: Clips,
    run: Run,
    *,
    recipe: Recipe,
    n_classes: int,
    precision: torch.dtype | None = None,
    companions: Sequence[Companion] = (),
    checkpoint: Checkpoint | None = None,
) -> TrainingResult:
    """Learning curve of a model trained in place; the same seed gives the same weights on a CPU.

    Args:
        model: Maps (B, C, F, T) to (B, K) logits; its weights are the start, and are moved to the device.
        clips: Training clips with labels.
        run: Seed, torch device, time, events, and where to stop; a training that stops tells its companions of no end.
        recipe: How to train; where `recipe.epochs` is None, `default_epochs` of the number of clips.
        n_classes: K.
        precision: torch.float32 or torch.bfloat16; None takes the faster one of the device.
        companions: Told after each step, each epoch, and at the end, beside those that the recipe asks for; see
            `Companion` and `build_companions`.
        checkpoint: The checkpoint of the same training, stopped earlier, with which it goes on; None begins it. On
            a CPU a training that was stopped and gone on with gives the same weights as one that went through.

    Raises:
        TrainingError: The loss is no longer finite, with epoch and loss; or fewer than two clips.
        DeadlineError: The time was over before the last epoch ended, with the epoch.
    """
    prepare_process()
    n_epochs = recipe.epochs or default_epochs(len(clips))
    curve: list[EpochRow] = []
    clock, torch_device = run.limit.clock, run.torch_device
    started = clock.now()
    if checkpoint is not None:
        precision, curve, started = checkpoint.torch_precision, [*checkpoint.curve], started - checkpoint.seconds
    with seeded(run.seed, torch_device=torch_device):
        trainer = Trainer(
            model,
            clips,
            recipe=recipe,
            n_classes=n_classes,
            n_epochs=n_epochs,
            seed=run.seed,
            torch_device=torch_device,
            precision=precision or run.precision or choose_precision(torch_device),
            companions=build_companions(recipe, others=companions),
            way=run.way,
            memory_format=run.memory_format,
            recorder=CudaRecorder(torch_device) if run.graphs and torch_device.type == "cuda" else None,
        )
        if checkpoint is not None:
            trainer.load_state_dict(copy.deepcopy(dict(checkpoint.trainer)))
            restore_random(checkpoint.random, torch_device)
        while trainer.n_epochs_done < min(run.stop_after or trainer.n_epochs, trainer.n_epochs):
            curve.append(_train_epoch(trainer, run))
            planned = run.on_epoch(curve[-1])
            if planned is not None:
                trainer.plan(planned)
        if trainer.graph_fault is not None:
            run.on_note(f"its steps could not be recorded and were launched one by one: {trainer.graph_fault}")
        if run.stop_after is not None:
            stopped = _take_checkpoint(trainer, curve, clock.now() - started)
            return TrainingResult(stopped.curve, stopped.seconds, stopped)
        trainer.finish()
    return TrainingResult(tuple(curve), clock.now() - started)


def _take_checkpoint(trainer: Trainer, curve: Sequence[EpochRow], seconds: float) -> Checkpoint:
    precision = str(trainer.precision).removeprefix("torch.")
    state, random = copy.deepcopy(trainer.state_dict()), read_random(trainer.torch_device)
    return Checkpoint(state, random, precision, tuple(curve), seconds)


def _train_epoch(trainer: Trainer, run: Run) -> EpochRow:
    clock, epoch, n_epochs = run.limit.clock, trainer.n_epochs_done + 1, trainer.n_epochs
    started = clock.now()
    total = torch.zeros((), device=trainer.torch_device)
    with trainer.epoch() as batches:
        n_clips = sum(map(len, batches))
        for batch in batches:
            if run.limit.is_over:
                raise DeadlineError(
                    f"the time was over in epoch {epoch} of {n_epochs}. Give more time or fewer epochs."
                )
            rate = trainer.learning_rate
            total += trainer.step(*trainer.build_batch(batch)) * len(batch)
    loss = float(total) / n_clips
    if not math.isfinite(loss):
        raise TrainingError(
            f"training diverged in epoch {epoch} of {n_epochs}: the loss is {loss}. Try a lower `learning_rate`."
        )
    return EpochRow(epoch, loss, rate, n_clips / max(clock.now() - started, 1e-9))
