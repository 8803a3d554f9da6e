"""How long training a design takes on this machine, from a few steps."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from nas_asc.clock import WALL_CLOCK, Clock
from nas_asc.errors import CompressionError, ExportError
from nas_asc.evaluation.export_network import build_metadata
from nas_asc.evaluation.network import build_network
from nas_asc.evaluation.prepared import PreparedData
from nas_asc.evaluation.quantised_training import fine_recipe, follow_ranges, quantise
from nas_asc.evaluation.write_and_run import predict_file, write_and_run
from nas_asc.models import lower_network
from nas_asc.recipe import Recipe
from nas_asc.space import Design
from nas_asc.training import Clips, Trainer, choose_precision, default_batch_size, prepare_process

_FILE_CLIPS = 64  # that a file is run on to know how long it takes


@dataclass(frozen=True)
class Speed:
    """Seconds that the parts of a design's training take.

    Args:
        epoch_s: One pass over the training clips.
        quantised_epoch_s: One pass in 8 bits; 0 where the recipe has none.
        file_s: Writing the network's file and running it on the validation clips; 0 where it cannot be written.
    """

    epoch_s: float
    quantised_epoch_s: float = 0.0
    file_s: float = 0.0

    def training_s(self, recipe: Recipe, n_epochs: int) -> float:
        """Seconds of a whole training, its file included.

        Args:
            recipe: Of the design.
            n_epochs: Of the training.

        >>> Speed(2.0, file_s=1.0).training_s(Recipe(), 10)
        21.0
        """
        n_quantised = recipe.n_curve_epochs(n_epochs) - n_epochs
        passes = recipe.n_passes(n_epochs) - n_quantised
        return self.epoch_s * passes + self.quantised_epoch_s * n_quantised + self.file_s


def measure_speed(
    design: Design, prepared: PreparedData, *, torch_device: torch.device, n_steps: int = 3, clock: Clock = WALL_CLOCK
) -> Speed:
    """Seconds of a training's parts, forecast from a few steps on random clips; no audio is read.

    The first step, which also prepares memory and kernels, is left out; the median of the others is used.

    Args:
        design: Network, front end and recipe.
        prepared: Gives the numbers of clips.
        torch_device: Where to compute.
        n_steps: Steps to measure, at least one.
        clock: Tells the time.
    """
    prepare_process()
    with torch.random.fork_rng(devices=[]):
        stopwatch = _Stopwatch(design, prepared, torch_device=torch_device, n_steps=n_steps, clock=clock)
        return Speed(stopwatch.epoch_s(), stopwatch.quantised_epoch_s(), stopwatch.file_s())


class _Stopwatch:
    """Times the parts of one design's training on random clips."""

    def __init__(
        self, design: Design, prepared: PreparedData, *, torch_device: torch.device, n_steps: int, clock: Clock
    ) -> None:
        batch_size = design.recipe.batch_size or default_batch_size(prepared.n_train)
        self.recipe = replace(design.recipe, batch_size=batch_size, growth=None)
        self.design, self.prepared = design, prepared
        self.torch_device, self.n_steps, self.clock = torch_device, n_steps, clock
        self.clips = self._random_clips(min(prepared.n_train, batch_size))

    def epoch_s(self) -> float:
        network = build_network(self.design.architecture, seed=0)
        return self._time_epoch(network, self.recipe, choose_precision(self.torch_device))

    def quantised_epoch_s(self) -> float:
        if self.recipe.quantisation is None:
            return 0.0
        lowered = lower_network(build_network(self.design.architecture, seed=0).eval())
        return self._time_epoch(follow_ranges(lowered, self.clips), fine_recipe(self.recipe, 1), torch.float32)

    def file_s(self) -> float:
        """Written for untrained weights, which takes as long."""
        bits, clips = self.recipe.bits or 8, self._random_clips(min(self.prepared.n_validation, _FILE_CLIPS) or 1)
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
            except (ExportError, CompressionError):
                return 0.0
            written = self.clock.now()
            predict_file(path, clips)
            ran_s = self.clock.now() - written
        return written - started + ran_s * max(0, self.prepared.n_validation - len(clips)) / len(clips)

    def _time_epoch(self, network: nn.Module, recipe: Recipe, precision: torch.dtype) -> float:
        trainer = Trainer(
            network,
            self.clips,
            recipe=recipe,
            n_classes=self.design.architecture.n_classes,
            n_epochs=self.n_steps + 1,
            seed=0,
            torch_device=self.torch_device,
            precision=precision,
        )
        seconds = sorted([self._time_step(trainer) for _ in range(self.n_steps + 1)][1:])
        return seconds[len(seconds) // 2] * self.prepared.n_train / len(self.clips)

    def _time_step(self, trainer: Trainer) -> float:
        started = self.clock.now()
        with trainer.epoch() as batches:
            for rows in batches:
                float(trainer.step(*trainer.draw_batch(rows)))
        return self.clock.now() - started

    def _random_clips(self, n_clips: int) -> Clips:
        numbers, n_classes = torch.arange(n_clips), self.design.architecture.n_classes
        return Clips(
            torch.randn(n_clips, *self.design.architecture.in_shape),
            numbers % n_classes,
            devices=numbers % 2,
            device_names=("a", "b"),
            log_mel=self.design.log_mel,
            teacher_logits=torch.zeros(n_clips, n_classes),
        )
