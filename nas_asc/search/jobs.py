"""The jobs of a study: what its config makes of a candidate, of a stopped trial, of a trial that is trained again."""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from nas_asc.evaluation import Job, Result, TrainedOn
from nas_asc.layers import format_architecture
from nas_asc.propose import Proposal
from nas_asc.recipe import ClipGrowth, Recipe
from nas_asc.study import Repeat, StudyConfig, TrainingRecord, TrialRecord, objective_values, rung_epochs
from nas_asc.training import default_epochs

R = TypeVar("R", bound=TrainingRecord)


class Jobs:
    """Makes the trainings of a study.

    Args:
        config: The config of the study.
        n_train: Its training clips.
    """

    def __init__(self, config: StudyConfig, *, n_train: int) -> None:
        self.config = config
        self._n_train = n_train

    def of_trial(self, proposal: Proposal, ask: int) -> Job[TrialRecord]:
        """The training of a new candidate, up to the first rung.

        Args:
            proposal: What is trained.
            ask: Index of the proposal; the trial's number until it arrives.
        """
        design = proposal.design
        record = TrialRecord(
            number=ask,
            state="failed",  # until its training says otherwise
            values=dict(proposal.candidate.values),
            key=design.key,
            architecture=format_architecture(design.architecture),
            log_mel=design.log_mel,
            recipe=self.recipe(design.recipe),
            cost=proposal.cost,
            seed=trial_seed(self.config.seed, ask),
            origin=proposal.origin,
        )
        return self._job(record, ask, stop_after=self.next_stop(record.recipe, 0))

    def of_stopped(self, record: TrialRecord, checkpoint: bytes | None) -> Job[TrialRecord]:
        """The training of a trial that goes on, up to its next rung.

        Args:
            record: The record of the trial.
            checkpoint: What it goes on with; None trains it from the start.
        """
        stop = self.next_stop(record.recipe, len(record.rungs))
        return self._job(record, record.number, stop_after=stop, checkpoint=checkpoint)

    def of_repeat(self, trial: TrialRecord, index: int, *, epochs: int | None = None, turn: int = 0) -> Job[Repeat]:
        """Another training of a trial's design, whole and with another seed.

        Args:
            trial: Complete.
            index: The index of the training, 1 or more.
            epochs: The number of epochs of the training; None is the study's.
            turn: Which division of the development clips it trains and validates on; 0 is the study's.
        """
        seed = repeat_seed(self.config.seed, trial.number, index)
        recipe = replace(trial.recipe, epochs=epochs or self.n_epochs(trial.recipe))
        record = replace(Repeat.of(trial.begin_again(), index), seed=seed, recipe=recipe, turn=turn)
        return replace(self._job(record, trial.number), turn=turn)

    def of_refit(self, trial: TrialRecord, *, epochs: int) -> Job[TrialRecord]:
        """The training of a trial's design on all development clips, with the trial's seed.

        Args:
            trial: The recommended one.
            epochs: The number of epochs of the training.
        """
        record = replace(trial.begin_again(), recipe=replace(trial.recipe, epochs=epochs), objectives=())
        return self._job(record, trial.number, clips="development")

    def n_epochs(self, recipe: Recipe) -> int:
        """Epochs of a training: the study's, or the recipe's, or by the number of clips."""
        return self.config.epochs or recipe.epochs or default_epochs(self._n_train)

    def recipe(self, recipe: Recipe) -> Recipe:
        """How a recipe trains here: with its epochs, and with the clips of each rung where these differ."""
        n_epochs, growth = self.n_epochs(recipe), recipe.growth
        if self.config.rung_clips:
            growth = ClipGrowth(rung_epochs(self.config.rungs, n_epochs), self.config.rung_clips)
        return replace(recipe, epochs=n_epochs, growth=growth)

    def share(self, recipe: Recipe, *, first: int, last: int) -> float:
        """Share of a whole training that its epochs after `first` to `last` are.

        Args:
            recipe: How it is trained.
            first: Epochs that are done.
            last: Epochs where it stops or ends.
        """
        recipe = self.recipe(recipe)
        return recipe.n_training_passes(last, first=first) / recipe.n_training_passes(self.n_epochs(recipe))

    def next_stop(self, recipe: Recipe, n_rungs_done: int) -> int | None:
        """Epochs after which a training stops next; None where it then goes through.

        Args:
            recipe: How it is trained.
            n_rungs_done: Rungs that it has reached.
        """
        stops = rung_epochs(self.config.rungs, self.n_epochs(recipe))
        return stops[n_rungs_done] if n_rungs_done < len(stops) else None

    def finish(self, result: Result[TrialRecord]) -> Result[TrialRecord]:
        """The result of a trial with the values of its objectives, where it is complete.

        Args:
            result: The result of a job of this study.
        """
        record = result.record
        if record.scores is None:
            return result
        values = objective_values(self.config.objectives, record.cost, record.scores)
        return replace(result, record=replace(record, objectives=values))

    def _job(
        self,
        record: R,
        number: int,
        *,
        clips: TrainedOn = "training",
        stop_after: int | None = None,
        checkpoint: bytes | None = None,
    ) -> Job[R]:
        return Job(
            record=record,
            name=f"{self.config.name} trial {number}",
            clips=clips,
            scored=self.config.scored,
            stop_after=stop_after,
            checkpoint=checkpoint,
        )


def trial_seed(seed: int, ask: int) -> int:
    """Seed of a trial's training, from the study's seed and the index of its proposal.

    >>> trial_seed(0, 0) == trial_seed(0, 0) != trial_seed(0, 1)
    True
    """
    return _draw_seed([seed, ask])


def repeat_seed(seed: int, number: int, index: int) -> int:
    """Seed of a repeat, from the study's seed, the trial's number and the repeat's index.

    >>> repeat_seed(0, 3, 1) == repeat_seed(0, 3, 1) != repeat_seed(0, 3, 2)
    True
    """
    return _draw_seed([seed, number, index])


def _draw_seed(entropy: list[int]) -> int:
    return int(np.random.SeedSequence(entropy).generate_state(1)[0]) >> 1
