"""Times the parts of one design's training on random clips."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from nas_asc.clock import Clock
from nas_asc.errors import CompressionError, ExportError, ModelFileError
from nas_asc.evaluation.export_network import build_metadata
from nas_asc.evaluation.network import build_network
from nas_asc.evaluation.prepared import PreparedData
from nas_asc.evaluation.quantised_training import fine_recipe, follow_ranges, quantise
from nas_asc.evaluation.write_and_run import predict_file, write_and_run
from nas_asc.models import lower_network
from nas_asc.recipe import Recipe
from nas_asc.space import Design
from nas_asc.training import (
    N_WARM,
    Arithmetic,
    Clips,
    CudaRecorder,
    Recorder,
    Trainer,
    default_batch_size,
    predict,
    seeded,
)

_FILE_CLIPS = 64  # that a network or its file is run on to know how long it takes
_LEAST_AGREEMENT = 0.01


class Stopwatch:
    """Times the parts of one design's training on random clips.

    Args:
        design: Network, front end and recipe.
        prepared: Gives the numbers of clips.
        torch_device: Where to compute.
        n_steps: Steps of which the median counts.
        clock: Tells the time.
        record: Makes what records steps.
    """

    def __init__(
        self,
        design: Design,
        prepared: PreparedData,
        *,
        torch_device: torch.device,
        n_steps: int,
        clock: Clock,
        record: Callable[[torch.device], Recorder] = CudaRecorder,
    ) -> None:
        batch_size = design.recipe.batch_size or default_batch_size(prepared.n_train)
        self.recipe = replace(design.recipe, batch_size=batch_size, growth=None)
        self.design, self.prepared = design, prepared
        self.torch_device, self.n_steps, self.clock = torch_device, n_steps, clock
        self.record = record
        self.clips = self.random_clips(min(prepared.n_train, batch_size))

    def epoch_s(self, arithmetic: Arithmetic) -> float:
        """Seconds of a pass over the training clips.

        Args:
            arithmetic: How to compute.
        """
        return self._time_epoch(build_network(self.design.architecture, seed=0), self.recipe, arithmetic)

    def agrees(self, arithmetic: Arithmetic) -> bool:
        """Whether steps that are recorded give the losses of steps that are not, up to rounding.

        Args:
            arithmetic: How to compute, with recorded steps.
        """
        losses: list[list[float]] = []
        faults = []
        for each in (arithmetic, replace(arithmetic, graphs=False)):
            with seeded(0, torch_device=self.torch_device):
                network = build_network(self.design.architecture, seed=0)
                trainer = self.build_trainer(network, self.recipe, each, clips=self.clips)
                losses.append([self._take_step(trainer) for _ in range(2 * N_WARM)])
            faults.append(trainer.graph_fault)
        return not any(faults) and np.allclose(losses[0], losses[1], rtol=_LEAST_AGREEMENT, atol=0)

    def quantised_epoch_s(self, arithmetic: Arithmetic) -> float:
        """Seconds of a pass in 8 bits; 0 where the recipe has none.

        Args:
            arithmetic: How to compute; in 8 bits it is float32.
        """
        if self.recipe.quantisation is None:
            return 0.0
        lowered = lower_network(build_network(self.design.architecture, seed=0).eval())
        exact = replace(arithmetic, precision=torch.float32, graphs=False)
        return self._time_epoch(follow_ranges(lowered, self.clips), fine_recipe(self.recipe, 1), exact)

    def file_s(self) -> float:
        """Seconds of a file written for untrained weights, which takes as long, and run on the validation clips."""
        bits, clips = self.recipe.bits or 8, self.random_clips(min(self.prepared.n_validation, _FILE_CLIPS) or 1)
        started = self.clock.now()
        lowered = lower_network(build_network(self.design.architecture, seed=0).eval())
        n_bands = clips.in_shape[1]
        metadata = build_metadata(
            "speed", self.prepared.data_set, self.design.log_mel, torch.zeros(n_bands), torch.ones(n_bands)
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "network.onnx"
            try:
                network = quantise(lowered, self.clips, recipe=self.recipe) if bits == 8 else lowered
                write_and_run(path, network, metadata, clips, bits=bits)
            except (ExportError, ModelFileError, CompressionError):
                return 0.0
            written = self.clock.now()
            predict_file(path, clips)
            ran_s = self.clock.now() - written
        return written - started + ran_s * max(0, self.prepared.n_validation - len(clips)) / len(clips)

    def scoring_s(self) -> float:
        """Seconds of a run on the validation clips, after a first one, which also prepares memory and kernels."""
        network = build_network(self.design.architecture, seed=0)
        clips = self.random_clips(min(self.prepared.n_validation, _FILE_CLIPS) or 1)
        predict(network, clips, torch_device=self.torch_device)
        started = self.clock.now()
        predict(network, clips, torch_device=self.torch_device)
        return (self.clock.now() - started) * self.prepared.n_validation / len(clips)

    def _time_epoch(self, network: nn.Module, recipe: Recipe, arithmetic: Arithmetic) -> float:
        trainer = self.build_trainer(network, recipe, arithmetic, clips=self.clips)
        n_first = N_WARM + 1 if arithmetic.graphs else 1
        seconds = sorted([self._time_step(trainer) for _ in range(self.n_steps + n_first)][n_first:])
        return seconds[len(seconds) // 2] * self.prepared.n_train / len(self.clips)

    def build_trainer(self, network: nn.Module, recipe: Recipe, arithmetic: Arithmetic, *, clips: Clips) -> Trainer:
        """Whoever trains a network of the design.

        Args:
            network: Of the design, or lowered.
            recipe: How to train.
            arithmetic: How to compute.
            clips: To train on.
        """
        return Trainer(
            network,
            clips,
            recipe=recipe,
            n_classes=self.design.architecture.n_classes,
            n_epochs=self.n_steps + 2 * N_WARM,
            seed=0,
            torch_device=self.torch_device,
            precision=arithmetic.precision,
            memory_format=arithmetic.memory_format,
            recorder=self.record(self.torch_device) if arithmetic.graphs else None,
        )

    def _time_step(self, trainer: Trainer) -> float:
        started = self.clock.now()
        self._take_step(trainer)
        return self.clock.now() - started

    def _take_step(self, trainer: Trainer) -> float:
        loss = 0.0
        with trainer.epoch() as batches:
            for batch in batches:
                loss = float(trainer.step(*trainer.build_batch(batch)))
        return loss

    def random_clips(self, n_clips: int) -> Clips:
        """Clips of noise, of two devices, with a teacher's logits.

        Args:
            n_clips: How many.
        """
        numbers, n_classes = torch.arange(n_clips), self.design.architecture.n_classes
        return Clips(
            torch.randn(n_clips, *self.design.architecture.in_shape),
            numbers % n_classes,
            devices=numbers % 2,
            device_names=("a", "b"),
            log_mel=self.design.log_mel,
            teacher_logits=torch.zeros(n_clips, n_classes),
        )
