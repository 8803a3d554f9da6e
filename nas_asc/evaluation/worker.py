"""Who trains: one job after another, on the clips of one study and one torch device."""

import tempfile
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch

from nas_asc.clock import NO_LIMIT, WALL_CLOCK, Clock, TimeLimit
from nas_asc.cost import Cost, cost_at_bits, cost_on_target, count_cost
from nas_asc.errors import (
    DataError,
    ExportError,
    FrontEndError,
    OutOfMemoryError,
    TrainingError,
    WriteError,
    is_refused,
    writing,
)
from nas_asc.evaluation.band_selection import training_log_mel
from nas_asc.evaluation.checkpoint import StageCheckpoint
from nas_asc.evaluation.job import Job, R, Result, to_reason
from nas_asc.evaluation.life import Outcome, Trained, evaluate_candidate, train_design
from nas_asc.evaluation.prepared import PreparedData
from nas_asc.evaluation.speed import Speed, feature_work, measure_features, measure_shares, measure_speed
from nas_asc.evaluation.trial_file import TrialFile, begin_trial_file
from nas_asc.frontend import LogMel
from nas_asc.layers import format_architecture
from nas_asc.space import Design
from nas_asc.study import RungRecord, TrainingRecord, checkpoint_name
from nas_asc.training import (
    CPU,
    SMALLEST_BATCH,
    Arithmetic,
    DeadlineError,
    EpochRow,
    Run,
    choose_precision,
    default_batch_size,
    describe_device,
    release_memory,
)

T = TypeVar("T")
OnEpoch = Callable[[EpochRow, int], int | None]  # a number that it gives is as in `Run.on_epoch`


def _ignore(row: EpochRow, n_epochs: int) -> None:
    """Nobody listens."""


class Worker:
    """Trains jobs, and says how long a job will take.

    Args:
        prepared: Clips and their features, which stay in memory from one job to the next.
        torch_device: Where to compute.
        layer_types: Layer classes of the space's own.
        clock: Tells how long steps take that are measured.
        precision: Type of forward passes in training, which a study keeps; None asks `choose_precision`.
        memory_format: Order of a batch's values in memory, in torch's words, which a study keeps.
        graphs: Whether a GPU records steps and replays them, which a study keeps.
    """

    def __init__(
        self,
        prepared: PreparedData,
        *,
        torch_device: torch.device = CPU,
        layer_types: tuple[type, ...] = (),
        clock: Clock = WALL_CLOCK,
        precision: torch.dtype | None = None,
        memory_format: str = Arithmetic.memory_format,
        graphs: bool = Arithmetic.graphs,
    ) -> None:
        self.prepared = prepared
        self.torch_device = torch_device
        self.layer_types = layer_types
        self.clock = clock
        self._precision = precision
        self.memory_format = memory_format
        self.graphs = graphs
        self._features_s_a_unit: float | None = None

    @property
    def precision(self) -> torch.dtype:
        """Type of forward passes in training."""
        return self._precision or choose_precision(self.torch_device)

    @property
    def arithmetic(self) -> Arithmetic:
        """How trainings are computed."""
        return Arithmetic(self.precision, self.memory_format, self.graphs)

    @property
    def device_name(self) -> str:
        """What a study remembers the device by."""
        return describe_device(self.torch_device)

    @property
    def precision_name(self) -> str:
        """Type of forward passes in training, such as "float32"."""
        return str(self.precision).removeprefix("torch.")

    def train(self, job: Job[R], *, limit: TimeLimit = NO_LIMIT, on_epoch: OnEpoch = _ignore) -> Result[R]:
        """The training, complete or stopped where the job stops, its file written and run; see `begin`.

        Args:
            job: What to train.
            limit: When no further step begins.
            on_epoch: Told every epoch, and their number; what it raises ends the training.

        Raises:
            TrainingError: The training failed.
            ExportError: The file cannot be written, but is what is scored.
            DeadlineError: The time was over; there is no result.
            DataError: The audio is gone or damaged.
        """
        return self.begin(job, limit=limit, on_epoch=on_epoch)()

    def begin(
        self, job: Job[R], *, limit: TimeLimit = NO_LIMIT, on_epoch: OnEpoch = _ignore
    ) -> Callable[[], Result[R]]:
        """Make a training; what comes back writes and runs its file, in any thread, and gives the result.

        Where memory is over, the training begins anew with half the batch, down to 16 clips; its record has the batch
        that it came to, and the result a note.

        Args:
            job: What to train.
            limit: When no further step begins.
            on_epoch: Told every epoch, and their number; what it raises ends the training.

        Raises:
            TrainingError: The training failed.
            ExportError: The file cannot be written, but is what is scored.
            DeadlineError: The time was over; there is no result.
            DataError: The audio is gone or damaged.
        """
        notes: list[str] = []
        while True:
            try:
                finish = self._begin(job, limit=limit, on_epoch=on_epoch, on_note=notes.append)
            except OutOfMemoryError:
                smaller = self._halve_batch(job)
                if smaller is None:
                    raise
                notes.append(f"out of memory: it begins anew with batches of {smaller.record.recipe.batch_size} clips")
                job = smaller
            else:
                return lambda: replace(finish(), notes=tuple(notes))
            release_memory(self.torch_device)  # now that no traceback holds what the training made

    def _halve_batch(self, job: Job[R]) -> Job[R] | None:
        """The job from its start with half the batch; None where that would be too small."""
        recipe = job.record.recipe
        size = (recipe.batch_size or default_batch_size(self.prepared.n_train)) // 2
        if size < SMALLEST_BATCH:
            return None
        return replace(job, record=replace(job.record, recipe=replace(recipe, batch_size=size)), checkpoint=None)

    def _begin(
        self, job: Job[R], *, limit: TimeLimit, on_epoch: OnEpoch, on_note: Callable[[str], None]
    ) -> Callable[[], Result[R]]:
        record, design = job.record, job.record.design(self.layer_types)
        n_rows = record.recipe.n_curve_epochs(record.epochs)
        log_mel = training_log_mel(design)
        prepared = self.prepared.turn(job.turn)
        prepared.compute(log_mel, limit=limit, torch_device=self.torch_device)
        prepared.train_clips(log_mel, torch_device=self.torch_device)  # takes its time now, not the training's
        started = limit.clock.now() - record.seconds
        run = Run(
            record.seed,
            self.torch_device,
            limit,
            lambda row: on_epoch(row, n_rows),
            job.stop_after,
            **vars(self.arithmetic),
            on_note=on_note,
        )
        rest = (self._evaluate if job.clips == "training" else self._refit)(job, design, prepared, run)
        trained_s = limit.clock.now() - started

        def finish() -> Result[R]:
            begun = limit.clock.now()
            found = rest()
            return replace(found, record=self._sign(found.record, trained_s + limit.clock.now() - begun))

        return finish

    def attempt(self, job: Job[R], *, limit: TimeLimit = NO_LIMIT, on_epoch: OnEpoch = _ignore) -> Result[R]:
        """As `train`; what goes wrong is a failed record with its reason.

        Args:
            job: What to train.
            limit: When no further step begins.
            on_epoch: Told every epoch, and their number; what it raises ends the training.

        Raises:
            DeadlineError: The time was over; there is no result.
            DataError: The audio is gone or damaged, which no other training would mend.
            WriteError: The disk is full, or closed to us.
        """
        return self.begin_attempt(job, limit=limit, on_epoch=on_epoch)()

    def begin_attempt(
        self, job: Job[R], *, limit: TimeLimit = NO_LIMIT, on_epoch: OnEpoch = _ignore
    ) -> Callable[[], Result[R]]:
        """As `begin`; what goes wrong, in the training or with its file, is a failed record with its reason.

        Args:
            job: What to train.
            limit: When no further step begins.
            on_epoch: Told every epoch, and their number; what it raises ends the training.

        Raises:
            DeadlineError: The time was over; there is no result.
            DataError: The audio is gone or damaged, which no other training would mend.
            WriteError: The disk is full, or closed to us.
        """
        started = limit.clock.now() - job.record.seconds

        def fail(error: Exception) -> Result[R]:
            if isinstance(error, OSError) and is_refused(error):
                with writing(Path(error.filename or tempfile.gettempdir())):
                    raise error
            record = replace(job.record, state="failed", reason=to_reason(error))
            return Result(record=self._sign(record, limit.clock.now() - started))

        def end() -> Result[R]:
            try:
                return finish()
            except (DataError, WriteError):
                raise
            except Exception as error:  # a layer of the user's own may fail in any way
                return fail(error)

        try:
            finish = self.begin(job, limit=limit, on_epoch=on_epoch)
        except (DeadlineError, DataError, WriteError):
            raise
        except Exception as error:
            failed = fail(error)
        else:
            return end
        release_memory(self.torch_device)  # now that no traceback holds what the training made
        return lambda: failed

    def measure_speed(self, design: Design, *, n_steps: int = 3) -> Speed:
        """How long the parts of a design's training take here, by a few steps; no time where these fail.

        Args:
            design: Network, front end and recipe.
            n_steps: Steps to measure.
        """
        try:
            return measure_speed(
                design,
                self.prepared,
                torch_device=self.torch_device,
                n_steps=n_steps,
                clock=self.clock,
                arithmetic=self.arithmetic,
            )
        except Exception:  # a layer of the user's own; the training fails as its steps do, and says why
            return Speed(0.0)

    def measure_shares(
        self, designs: Sequence[Design], shares: Collection[int], *, most_s: float
    ) -> list[dict[int, float]]:
        """Seconds of an epoch by numbers of the CPU's cores; see `nas_asc.evaluation.speed.measure_shares`."""
        options: dict[str, Any] = {"shares": shares, "most_s": most_s, "clock": self.clock}
        return measure_shares(designs, self.prepared, arithmetic=self.arithmetic, **options)

    def measure_features(self, design: Design) -> float:
        """Seconds that the features of a design's training take, by those of a few clips; 0 where they are there.

        Args:
            design: Network, front end and recipe.

        Raises:
            DataError: Audio cannot be read.
        """
        try:
            return measure_features(
                training_log_mel(design), self.prepared, torch_device=self.torch_device, clock=self.clock
            )
        except FrontEndError:  # its training says why
            return 0.0

    def forecast_features(self, log_mel: LogMel) -> float:
        """About as `measure_features`, by the clips of one front end that was measured before, so at no cost.

        Args:
            log_mel: Front end that a training reads.

        Raises:
            DataError: Audio cannot be read.
        """
        if self.prepared.is_computed(log_mel):
            return 0.0
        clip_s = self.prepared.task.clip_s
        if self._features_s_a_unit is None:
            with suppress(FrontEndError):
                seconds = measure_features(
                    log_mel, self.prepared, torch_device=self.torch_device, clock=self.clock, reads=False
                )
                self._features_s_a_unit = seconds / feature_work(log_mel, clip_s)
        return (self._features_s_a_unit or 0.0) * feature_work(log_mel, clip_s)

    def _sign(self, record: R, seconds: float) -> R:
        """The record with its seconds, and with what it was trained on."""
        return replace(record, seconds=seconds, torch_device=self.device_name, precision=self.precision_name)

    def _evaluate(self, job: Job[R], design: Design, prepared: PreparedData, run: Run) -> Callable[[], Result[R]]:
        checkpoint = _read_checkpoint(job.checkpoint)
        outcome = evaluate_candidate(design, prepared, run, checkpoint=checkpoint, layer_types=self.layer_types)
        if outcome.checkpoint:
            stopped = _stop(job, outcome, outcome.checkpoint)
            return lambda: stopped
        write = _begin_write(job, outcome, prepared) if job.writes else _write_nothing
        return lambda: _complete(job, outcome, write())

    def _refit(self, job: Job[R], design: Design, prepared: PreparedData, run: Run) -> Callable[[], Result[R]]:
        clips = prepared.development_clips(training_log_mel(design), torch_device=self.torch_device)
        training = train_design(design, clips, run)
        record = replace(job.record, state="complete", log_mel=training.network.log_mel, cost=_cost(job, training))
        result = Result(record=record, curve=training.curve, network=training.network)
        return lambda: result


def _complete(job: Job[R], outcome: Outcome, file: TrialFile | None) -> Result[R]:
    of_file = file is not None and job.scored == "int8"
    record = replace(
        job.record,
        state="complete",
        log_mel=outcome.network.log_mel,
        cost=_cost(job, outcome.training),
        scores=file.record.scores if file is not None and of_file else outcome.scores,
        network_scores=outcome.scores,
        file=None if file is None else file.record,
    )
    return Result(
        record=record,
        curve=outcome.curve,
        network=outcome.network,
        probabilities=file.probabilities if file is not None and of_file else outcome.probabilities,
        files={} if file is None else file.contents,
    )


def _begin_write(job: Job[R], outcome: Outcome, prepared: PreparedData) -> Callable[[], TrialFile | None]:
    """What writes the network's file; none where it cannot be exported and its file is not what is scored."""

    def unless_needed(make: Callable[[], T]) -> T | None:
        try:
            return make()
        except ExportError as error:
            if job.scored == "int8":
                raise ExportError(f"{error} Or score networks in float.") from None
            return None

    write = unless_needed(lambda: begin_trial_file(outcome, job.record, prepared, name=job.name))
    return _write_nothing if write is None else lambda: unless_needed(write)


def _write_nothing() -> None:
    """No file is asked for, or none can be."""


def _read_checkpoint(content: bytes | None) -> StageCheckpoint | None:
    try:
        return None if content is None else StageCheckpoint.from_bytes(content)
    except TrainingError:
        return None


def _stop(job: Job[R], outcome: Outcome, checkpoint: StageCheckpoint) -> Result[R]:
    epochs = len(outcome.curve)
    rungs = (*job.record.rungs, RungRecord(epochs=epochs, scores=outcome.scores))
    files = {checkpoint_name(epochs): checkpoint.to_bytes()}
    return Result(record=replace(job.record, state="stopped", rungs=rungs), curve=outcome.curve, files=files)


def _cost(job: Job[R], training: Trained) -> Cost:
    """Of the network as it was trained in the end; the record's where that lost no channels."""
    architecture, record = training.network.architecture, job.record
    if is_as_designed(record, training):
        return record.cost
    cost = cost_at_bits(count_cost(architecture), architecture, record.recipe.bits)
    return cost_on_target(cost, architecture, training.network.log_mel, record.cost.ram_target)


def is_as_designed(record: TrainingRecord, training: Trained) -> bool:
    """Whether the trained network has all channels of its design."""
    return format_architecture(training.network.architecture) == record.architecture
