"""How long training a design takes on this machine, from a few steps."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nas_asc.clock import WALL_CLOCK, Clock, TimeLimit
from nas_asc.cores import count_processors
from nas_asc.evaluation.network import build_network
from nas_asc.evaluation.prepared import PreparedData
from nas_asc.evaluation.stopwatch import Stopwatch
from nas_asc.features import fit_standardiser, iterate_batches, load_recordings, validate_front_end
from nas_asc.frontend import LogMel
from nas_asc.recipe import Recipe
from nas_asc.space import Design
from nas_asc.training import (
    CPU,
    Arithmetic,
    CudaRecorder,
    Recorder,
    choose_precision,
    fastest_arithmetic,
    list_arithmetics,
    prepare_process,
    seeded,
    some_cores,
    upload,
)

_FEATURE_CLIPS = 16  # a processor
_PRECISION_STEPS = 2
_BATCHES = 8  # of an epoch that is repeated
_SHARE_ROUNDS = 3
_READING = 75_000.0  # points of transforms that reading and resampling a second takes as long as


@dataclass(frozen=True)
class Speed:
    """Seconds that the parts of a design's training take.

    Args:
        epoch_s: One pass over the training clips.
        quantised_epoch_s: One pass in 8 bits; 0 where the recipe has none.
        file_s: Writing the network's file and running it on the validation clips; 0 where it cannot be written.
        scoring_s: Running the network itself on the validation clips.
    """

    epoch_s: float
    quantised_epoch_s: float = 0.0
    file_s: float = 0.0
    scoring_s: float = 0.0

    def training_s(self, recipe: Recipe, n_epochs: int) -> float:
        """Seconds of a whole training, its scores and its file included.

        Args:
            recipe: The recipe of the design.
            n_epochs: The number of epochs of the training.

        >>> Speed(2.0, file_s=1.0, scoring_s=0.5).training_s(Recipe(), 10)
        21.5
        """
        n_quantised = recipe.n_curve_epochs(n_epochs) - n_epochs
        passes = recipe.n_passes(n_epochs) - n_quantised
        return self.epoch_s * passes + self.quantised_epoch_s * n_quantised + self.file_s + self.scoring_s


def measure_speed(
    design: Design,
    prepared: PreparedData,
    *,
    torch_device: torch.device,
    n_steps: int = 3,
    clock: Clock = WALL_CLOCK,
    arithmetic: Arithmetic | None = None,
) -> Speed:
    """Seconds of a training's parts, forecast from a few steps on random clips; no audio is read.

    The first step, which also prepares memory and kernels, is left out; the median of the others is used.

    Args:
        design: Network, front end and recipe.
        prepared: Gives the numbers of clips.
        torch_device: Where to compute.
        n_steps: Steps to measure, at least one.
        clock: Tells the time.
        arithmetic: How trainings are computed; None asks `choose_precision`.
    """
    prepare_process()
    arithmetic = arithmetic or Arithmetic(choose_precision(torch_device))
    with seeded(0, torch_device=torch_device):
        watch = Stopwatch(design, prepared, torch_device=torch_device, n_steps=n_steps, clock=clock)
        return Speed(watch.epoch_s(arithmetic), watch.quantised_epoch_s(arithmetic), watch.file_s(), watch.scoring_s())


def choose_arithmetic(
    designs: Sequence[Design],
    prepared: PreparedData,
    *,
    torch_device: torch.device,
    clock: Clock = WALL_CLOCK,
    candidates: Sequence[Arithmetic] | None = None,
    record: Callable[[torch.device], Recorder] = CudaRecorder,
) -> Arithmetic:
    """In which arithmetic some designs train fastest, by a few steps of each in each, in turns.

    What is faster depends on the networks: one of large convolutions gains by bfloat16 what one of small ones loses.

    Args:
        designs: Such as will be trained; none leaves the precision to `choose_precision`.
        prepared: Gives the numbers of clips.
        torch_device: Where to compute.
        clock: Tells the time.
        candidates: What to choose from; None is all that the device may gain by.
        record: Makes what records steps.
    """
    candidates = list_arithmetics(torch_device) if candidates is None else candidates
    if not designs:
        return Arithmetic(choose_precision(torch_device))
    if len(candidates) == 1:
        return candidates[0]
    options: dict[str, Any] = {"torch_device": torch_device, "n_steps": _PRECISION_STEPS, "record": record}
    try:
        with seeded(0, torch_device=torch_device):
            watches = [Stopwatch(design, prepared, clock=clock, **options) for design in designs]
            seconds = dict.fromkeys(candidates, 0.0)
            for watch in watches:
                for each in candidates:
                    seconds[each] += min(watch.epoch_s(each) for _ in range(2))
            fastest = fastest_arithmetic(seconds)
            while fastest.graphs and not all(watch.agrees(fastest) for watch in watches):
                del seconds[fastest]
                fastest = fastest_arithmetic(seconds)
            return fastest
    except Exception:  # a layer of the user's own; its training fails as its steps do, and says why
        return Arithmetic(choose_precision(torch_device))


def repeat_steps(
    design: Design, prepared: PreparedData, *, torch_device: torch.device, arithmetic: Arithmetic
) -> Iterator[int]:
    """A design's training on random clips without end, a step each time that it is asked; gives the clips of each.

    Args:
        design: Network, front end and recipe.
        prepared: Gives the numbers of clips.
        torch_device: Where to compute; a GPU is not waited for.
        arithmetic: How to compute.
    """
    watch = Stopwatch(design, prepared, torch_device=torch_device, n_steps=1, clock=WALL_CLOCK)
    clips = watch.random_clips(min(prepared.n_train, _BATCHES * len(watch.clips)))
    trainer = watch.build_trainer(build_network(design.architecture, seed=0), watch.recipe, arithmetic, clips=clips)
    while True:
        with trainer.epoch() as batches:
            for batch in batches:
                trainer.step(*trainer.build_batch(batch))
                yield len(batch)


def measure_shares(
    designs: Sequence[Design],
    prepared: PreparedData,
    *,
    shares: Collection[int],
    most_s: float,
    arithmetic: Arithmetic,
    clock: Clock = WALL_CLOCK,
) -> list[dict[int, float]]:
    """Seconds of an epoch on the CPU with so many of its cores, for as many designs as there is time for, one at least.

    The shares take turns, step by step, and the fastest step of each counts: another process slows all of them. The
    largest comes first, for torch keeps threads that it has started, and they stay bound as they were then.

    Args:
        designs: Such as will be trained.
        prepared: Gives the numbers of clips.
        shares: Numbers of cores.
        most_s: Seconds after which no further turn begins.
        arithmetic: How to compute.
        clock: Tells the time.

    Returns:
        Seconds by numbers of cores, a row a design; none where steps fail.
    """
    limit, found = TimeLimit.after(most_s, clock=clock), []
    try:
        with seeded(0, torch_device=CPU):
            for design in designs:
                watch = Stopwatch(design, prepared, torch_device=CPU, n_steps=1, clock=clock)
                found.append(_measure_shares(watch, shares, arithmetic=arithmetic, limit=limit))
                if limit.is_over:
                    break
    except Exception:  # a layer of the user's own; its training fails as its steps do, and says why
        return []
    return found


def _measure_shares(
    watch: Stopwatch, shares: Collection[int], *, arithmetic: Arithmetic, limit: TimeLimit
) -> dict[int, float]:
    seconds = dict.fromkeys(sorted(shares, reverse=True), float("inf"))
    for _ in range(_SHARE_ROUNDS):
        for n_cores in seconds:
            with some_cores(n_cores):
                seconds[n_cores] = min(seconds[n_cores], watch.epoch_s(arithmetic))
        if limit.is_over:
            break
    return seconds


def measure_features(
    log_mel: LogMel,
    prepared: PreparedData,
    *,
    torch_device: torch.device,
    clock: Clock = WALL_CLOCK,
    reads: bool = True,
) -> float:
    """Seconds until features are computed, standardised and on the device, by those of a few clips; 0 where they are.

    Args:
        log_mel: The front end.
        prepared: Clips and their features.
        torch_device: Where to train.
        clock: Tells the time.
        reads: Whether reading recordings counts where the device makes the features and has no recordings yet.

    Raises:
        FrontEndError: The front end cannot be.
        DataError: Audio cannot be read.
    """
    rows = prepared.development_rows
    if not len(rows) or prepared.is_computed(log_mel):
        return 0.0
    n_clips = min(len(rows), _FEATURE_CLIPS * count_processors())
    some = rows[np.linspace(0, len(rows) - 1, n_clips).astype(np.intp)]
    _compute_some(log_mel, prepared, some[:1], torch_device, clock=clock)  # filters and kernels are made once
    started = clock.now()
    computing = _compute_some(log_mel, prepared, some, torch_device, clock=clock)
    counted = started if reads and not prepared.has_recordings(log_mel) else computing
    return (clock.now() - counted) * len(rows) / len(some)


def feature_work(log_mel: LogMel, clip_s: float) -> float:
    """What a front end computes for a clip, in no unit: points of all its transforms, and what reading a clip is worth.

    The seconds of 26 front ends of `asc`, for clips of 1 s at 44.1 kHz, lay within a factor of 1.4 of this.

    Args:
        log_mel: The front end.
        clip_s: Length of a clip in seconds.

    >>> feature_work(LogMel(), 1.0) > feature_work(LogMel(hop_length=2_000), 1.0)
    True
    """
    return float(_READING * clip_s + log_mel.n_fft * log_mel.n_frames(clip_s))


def _compute_some(
    log_mel: LogMel, prepared: PreparedData, rows: NDArray[np.int64], torch_device: torch.device, *, clock: Clock
) -> float:
    """When the features began to be computed, after reading where a device makes them."""
    validate_front_end(log_mel, clip_s=prepared.task.clip_s)
    began = clock.now()
    if prepared.makes_on(log_mel, torch_device):
        recordings = load_recordings(
            prepared.data_set,
            rows,
            n_channels=log_mel.n_channels,
            torch_device=torch_device,
            has_room=lambda n_bytes: True,
        )
        if recordings is not None and len(recordings.rows):
            began = clock.now()
            fit_standardiser(recordings.transform(log_mel)[0])  # waits for it
        return began
    with closing(iterate_batches(prepared.data_set, log_mel, rows)) as batches:
        for batch in batches:
            if batch.rows:
                fit_standardiser(batch.features)
                float(upload(batch.features, torch_device)[0, 0, 0, 0])  # waits for it
    return began
