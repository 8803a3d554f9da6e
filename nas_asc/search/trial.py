"""One trial, from its proposal to its record."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from nas_asc.cost import cost_at_bits, count_cost
from nas_asc.errors import DataError, ExportError, TrainingError
from nas_asc.evaluation import Outcome, Pause, PreparedData, evaluate_candidate, training_log_mel
from nas_asc.layers import format_architecture
from nas_asc.propose.screen import Proposal
from nas_asc.recipe import ClipGrowth, Recipe
from nas_asc.search.file import export_trial
from nas_asc.space import Design
from nas_asc.study import (
    FileRecord,
    RungRecord,
    StudyConfig,
    TrialRecord,
    checkpoint_name,
    objective_values,
    rung_epochs,
)
from nas_asc.training import DeadlineError, EpochRow, default_epochs

OnEpoch = Callable[[int, EpochRow, int], None]


@dataclass(frozen=True)
class Setting:
    """What all trainings of a search share.

    Args:
        config: Of the study.
        prepared: Clips and their features.
        torch_device: Where to compute.
        on_epoch: Told trial, epoch and number of epochs.
    """

    config: StudyConfig
    prepared: PreparedData
    torch_device: torch.device
    on_epoch: OnEpoch

    def n_epochs(self, design: Design) -> int:
        """Epochs of a training: the study's, or the recipe's, or by the number of clips."""
        return self.config.epochs or design.recipe.epochs or default_epochs(self.prepared.n_train)

    def recipe(self, design: Design) -> Recipe:
        """How a design is trained here: its recipe with epochs, and with the clips of each rung where these differ."""
        n_epochs, growth = self.n_epochs(design), design.recipe.growth
        if self.config.rung_clips:
            growth = ClipGrowth(rung_epochs(self.config.rungs, n_epochs), self.config.rung_clips)
        return replace(design.recipe, epochs=n_epochs, growth=growth)

    def share(self, design: Design, *, first: int, last: int) -> float:
        """Share of a whole training that its epochs after `first` to `last` are.

        Args:
            design: What is trained.
            first: Epochs that are done.
            last: Epochs where it stops or ends.
        """
        recipe, n_epochs = self.recipe(design), self.n_epochs(design)
        return recipe.n_training_passes(last, first=first) / recipe.n_training_passes(n_epochs)

    def next_stop(self, design: Design, n_rungs_done: int) -> int | None:
        """Epochs after which a training stops next; None where it then goes through.

        Args:
            design: What is trained.
            n_rungs_done: Rungs that it has reached.
        """
        stops = rung_epochs(self.config.rungs, self.n_epochs(design))
        return stops[n_rungs_done] if n_rungs_done < len(stops) else None


@dataclass(frozen=True, eq=False)
class Trial:
    """A finished or stopped trial with what only its files keep.

    Args:
        record: What the study keeps.
        curve: One row an epoch.
        weights: Of the trained network; None where it failed or is stopped.
        architecture: Canonical text of the trained network where it lost channels; None where it is the record's.
        files: Content by name of its file and the file's settings, or of its checkpoint; empty without any.
    """

    record: TrialRecord
    curve: Sequence[EpochRow] = ()
    weights: dict[str, np.ndarray] | None = None
    architecture: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)


def trial_seed(seed: int, number: int) -> int:
    """Seed of a trial's training, from the study's seed and the trial's number.

    >>> trial_seed(0, 0) == trial_seed(0, 0) != trial_seed(0, 1)
    True
    """
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0]) >> 1


def run_trial(proposal: Proposal, number: int, *, setting: Setting, deadline: float | None) -> Trial:
    """The trial, complete or stopped at the first rung, or failed with its reason whatever went wrong.

    Args:
        proposal: What to train.
        number: Of the trial.
        setting: How.
        deadline: Reading of `time.monotonic()` at which it stops; None is no limit.

    Raises:
        DeadlineError: The time was over; the trial has no result.
        DataError: The audio is gone or damaged, which no other trial would mend.
    """
    record = _empty_record(proposal, number, setting=setting)
    design = replace(proposal.design, recipe=record.recipe)
    return _run(record, design, pause=None, setting=setting, deadline=deadline)


def continue_trial(
    record: TrialRecord, design: Design, checkpoint: bytes | None, *, setting: Setting, deadline: float | None
) -> Trial:
    """What becomes of a stopped trial: complete, stopped at its next rung, or failed.

    Args:
        record: Of the trial.
        design: Its network, front end and recipe.
        checkpoint: What it goes on with. Where that is gone or damaged it is trained from the start, which on a CPU
            costs time alone.
        setting: How.
        deadline: Reading of `time.monotonic()` at which it stops; None is no limit.

    Raises:
        DeadlineError: The time was over; the trial stays as it was.
        DataError: The audio is gone or damaged, which no other trial would mend.
    """
    try:
        pause = None if checkpoint is None else Pause.from_bytes(checkpoint)
    except TrainingError:
        pause = None
    return _run(record, design, pause=pause, setting=setting, deadline=deadline)


def _run(
    record: TrialRecord, design: Design, *, pause: Pause | None, setting: Setting, deadline: float | None
) -> Trial:
    n_epochs = setting.n_epochs(design)
    n_rows = design.recipe.n_curve_epochs(n_epochs)
    setting.prepared.train_clips(training_log_mel(design))  # a new front end takes its time now, not the trial's
    started = time.perf_counter() - record.seconds
    try:
        outcome = evaluate_candidate(
            design,
            setting.prepared,
            seed=record.seed,
            torch_device=setting.torch_device,
            epochs=n_epochs,
            on_epoch=lambda row: setting.on_epoch(record.number, row, n_rows),
            deadline=deadline,
            stop_after=setting.next_stop(design, len(record.rungs)),
            pause=pause,
        )
        trial = (_complete if outcome.pause is None else _stop)(record, outcome, setting=setting)
    except (DeadlineError, DataError):
        raise
    except Exception as error:  # a layer of the user's own may fail in any way
        failed = replace(record, state="failed", reason=to_reason(error), seconds=time.perf_counter() - started)
        return Trial(failed)
    return replace(trial, record=replace(trial.record, seconds=time.perf_counter() - started))


def to_arrays(state: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Weights as numpy arrays, which a study keeps."""
    return {name: tensor.numpy() for name, tensor in state.items()}


def _empty_record(proposal: Proposal, number: int, *, setting: Setting) -> TrialRecord:
    design = proposal.design
    return TrialRecord(
        number=number,
        state="failed",
        values=dict(proposal.candidate.values),
        key=design.key,
        architecture=format_architecture(design.architecture),
        log_mel=design.log_mel,
        recipe=setting.recipe(design),
        cost=proposal.cost,
        seed=trial_seed(setting.config.seed, number),
        origin=proposal.origin,
    )


def _stop(record: TrialRecord, outcome: Outcome, *, setting: Setting) -> Trial:
    assert outcome.pause is not None
    epochs = len(outcome.curve)
    rungs = (*record.rungs, RungRecord(epochs=epochs, scores=outcome.scores))
    files = {checkpoint_name(epochs): outcome.pause.to_bytes()}
    return Trial(replace(record, state="stopped", rungs=rungs), outcome.curve, files=files)


def _complete(record: TrialRecord, outcome: Outcome, *, setting: Setting) -> Trial:
    text, config = format_architecture(outcome.architecture), setting.config
    is_same = text == record.architecture
    cost = record.cost
    if not is_same:
        cost = cost_at_bits(count_cost(outcome.architecture), outcome.architecture, record.recipe.bits)
    file, files = _export(record, outcome, setting=setting)
    scores = outcome.scores if config.scored == "float" or file is None else file.scores
    complete = replace(
        record,
        state="complete",
        log_mel=outcome.log_mel,
        cost=cost,
        scores=scores,
        network_scores=outcome.scores,
        file=file,
        objectives=objective_values(config.objectives, cost, scores),
    )
    return Trial(complete, outcome.curve, to_arrays(outcome.state), None if is_same else text, files)


def _export(
    record: TrialRecord, outcome: Outcome, *, setting: Setting
) -> tuple[FileRecord | None, Mapping[str, bytes]]:
    """The trial's file; none where the network cannot be exported and its file is not what is scored."""
    try:
        return export_trial(outcome, record, setting.prepared, study=setting.config.name)
    except ExportError as error:
        if setting.config.scored == "int8":
            raise ExportError(f"{error} Or score networks: --score float.") from None
        return None, {}


def to_reason(error: Exception) -> str:
    """Why a training failed, in one line.

    Args:
        error: What it raised.
    """
    text = " ".join(str(error).split()) or "no reason given"
    known = type(error).__module__.startswith("nas_asc")
    return text if known else f"{type(error).__name__}: {text}"
