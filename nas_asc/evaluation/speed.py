"""How long training a design takes on this machine, from a few steps."""

import time
from dataclasses import replace

import torch

from nas_asc.evaluation.network import build_network
from nas_asc.evaluation.prepared import PreparedData
from nas_asc.space import Design
from nas_asc.training import Clips, Trainer, choose_precision, default_batch_size, prepare_process


def measure_speed(design: Design, prepared: PreparedData, *, torch_device: torch.device, n_steps: int = 3) -> float:
    """Seconds of one training epoch, forecast from a few steps on random clips; no audio is read.

    The first step, which also prepares memory and kernels, is left out; the median of the others is used.

    Args:
        design: Network, front end and recipe.
        prepared: Gives the number of training clips.
        torch_device: Where to compute.
        n_steps: Steps to measure, at least one.
    """
    prepare_process()
    in_shape, n_classes = design.architecture.in_shape, design.architecture.n_classes
    batch_size = design.recipe.batch_size or default_batch_size(prepared.n_train)
    n_clips = min(prepared.n_train, batch_size)
    numbers = torch.arange(n_clips)
    clips = Clips(
        torch.randn(n_clips, *in_shape),
        numbers % n_classes,
        devices=numbers % 2,
        device_names=("a", "b"),
        log_mel=design.log_mel,
        teacher_logits=torch.zeros(n_clips, n_classes),
    )
    with torch.random.fork_rng(devices=[]):
        trainer = Trainer(
            build_network(design.architecture, seed=0),
            clips,
            recipe=replace(design.recipe, batch_size=batch_size, growth=None),
            n_classes=n_classes,
            n_epochs=n_steps + 1,
            seed=0,
            torch_device=torch_device,
            precision=choose_precision(torch_device),
        )
        seconds = sorted([_time_step(trainer) for _ in range(n_steps + 1)][1:])
    return seconds[len(seconds) // 2] * prepared.n_train / n_clips


def _time_step(trainer: Trainer) -> float:
    started = time.perf_counter()
    with trainer.epoch() as batches:
        for rows in batches:
            float(trainer.step(*trainer.draw_batch(rows)))
    return time.perf_counter() - started
