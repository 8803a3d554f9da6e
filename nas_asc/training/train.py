"""One whole training: epochs, learning curve, and the ways in which it can end early."""

import copy
import math
import time
from collections.abc import Callable, Sequence

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
from nas_asc.training.schedule import default_epochs
from nas_asc.training.trainer import Trainer


def train_model(
    model: nn.Module,
    clips: Clips,
    *,
    recipe: Recipe,
    n_classes: int,
    seed: int,
    torch_device: torch.device,
    on_epoch: Callable[[EpochRow], None] | None = None,
    deadline: float | None = None,
    precision: torch.dtype | None = None,
    companions: Sequence[Companion] = (),
    stop_after: int | None = None,
    checkpoint: Checkpoint | None = None,
) -> TrainingResult:
    """Learning curve of a model trained in place; the same seed gives the same weights on a CPU.

    Args:
        model: Maps (B, C, F, T) to (B, K) logits; its weights are the start, and are moved to the device.
        clips: Training clips with labels.
        recipe: How to train; where `recipe.epochs` is None, `default_epochs` of the number of clips.
        n_classes: K.
        seed: Fixes the order of clips, augmentation and dropout.
        torch_device: Where to compute.
        on_epoch: Called after every epoch; what it raises ends the training.
        deadline: Reading of `time.monotonic()` after which no step begins; None is no limit.
        precision: torch.float32 or torch.bfloat16; None takes the faster one of the device.
        companions: Told after each step, each epoch, and at the end, beside those that the recipe asks for; see
            `Companion` and `build_companions`.
        stop_after: Epochs, of the recipe's, after which it stops, its companions not told of an end; None goes through.
        checkpoint: Of the same training, stopped earlier, with which it goes on; None begins it. On a CPU a training
            that was stopped and gone on with gives the same weights as one that went through.

    Raises:
        TrainingError: The loss is no longer finite, with epoch and loss; or fewer than two clips.
        DeadlineError: The deadline passed before the last epoch ended, with the epoch.
    """
    prepare_process()
    n_epochs = recipe.epochs or default_epochs(len(clips))
    curve: list[EpochRow] = []
    started = time.perf_counter()
    if checkpoint is not None:
        precision, curve, started = checkpoint.torch_precision, [*checkpoint.curve], started - checkpoint.seconds
    with torch.random.fork_rng(devices=[torch_device] if torch_device.type == "cuda" else []):
        torch.manual_seed(seed)
        trainer = Trainer(
            model,
            clips,
            recipe=recipe,
            n_classes=n_classes,
            n_epochs=n_epochs,
            seed=seed,
            torch_device=torch_device,
            precision=precision or choose_precision(torch_device),
            companions=build_companions(recipe, others=companions),
        )
        if checkpoint is not None:
            trainer.load_state_dict(copy.deepcopy(dict(checkpoint.trainer)))
            restore_random(checkpoint.random, torch_device)
        for epoch in range(trainer.n_epochs_done + 1, min(stop_after or n_epochs, n_epochs) + 1):
            row = _train_epoch(trainer, epoch=epoch, n_epochs=n_epochs, deadline=deadline)
            curve.append(row)
            if on_epoch is not None:
                on_epoch(row)
        seconds = time.perf_counter() - started
        if stop_after is not None:
            stopped = _take_checkpoint(trainer, curve, seconds)
            return TrainingResult(stopped.curve, seconds, stopped)
        trainer.finish()
    return TrainingResult(tuple(curve), time.perf_counter() - started)


def _take_checkpoint(trainer: Trainer, curve: Sequence[EpochRow], seconds: float) -> Checkpoint:
    precision = str(trainer.precision).removeprefix("torch.")
    state, random = copy.deepcopy(trainer.state_dict()), read_random(trainer.torch_device)
    return Checkpoint(state, random, precision, tuple(curve), seconds)


def _train_epoch(trainer: Trainer, *, epoch: int, n_epochs: int, deadline: float | None) -> EpochRow:
    started = time.perf_counter()
    total = torch.zeros((), device=trainer.torch_device)
    with trainer.epoch() as batches:
        n_clips = sum(map(len, batches))
        for rows in batches:
            if deadline is not None and time.monotonic() > deadline:
                raise DeadlineError(
                    f"the time was over in epoch {epoch} of {n_epochs}. Give more time or fewer epochs."
                )
            rate = trainer.learning_rate
            total += trainer.step(*trainer.draw_batch(rows)) * len(rows)
    loss = float(total) / n_clips
    if not math.isfinite(loss):
        raise TrainingError(
            f"training diverged in epoch {epoch} of {n_epochs}: the loss is {loss}. Try a lower `learning_rate`."
        )
    return EpochRow(epoch, loss, rate, n_clips / (time.perf_counter() - started))
