"""Which stopped trial of a running search goes on next, as its records and its time allow."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from nas_asc.search.clock import SearchClock
from nas_asc.search.jobs import Jobs
from nas_asc.space import Design, Space
from nas_asc.study import RungEntry, TrialRecord, agreement_lines, agreements, choose_promotion, rung_entries


class Promoter:
    """The rule of promotion with a search's clock: a trial for which there is no time is passed over for this run.

    Args:
        space: The space of the study.
        jobs: The jobs of the study.
        clock: Time left.
    """

    def __init__(self, space: Space, jobs: Jobs, clock: SearchClock) -> None:
        self._space = space
        self._jobs = jobs
        self._clock = clock
        self._config = jobs.config
        self._passed_over: set[int] = set()

    def next_trial(
        self, records: Sequence[TrialRecord], *, at_end: bool, running: Collection[int] = ()
    ) -> tuple[TrialRecord, Design] | None:
        """The stopped trial that goes on, and its design; None where none is due, or there is time for none.

        Args:
            records: All trials, each at the place of its number.
            at_end: Whether no new trial will come.
            running: Numbers of trials that are going on already.
        """
        while True:
            number = choose_promotion(self._open_entries(records, running), eta=self._config.eta, at_end=at_end)
            if number is None:
                return None
            design = records[number].design(self._space.layer_types)
            if self._has_time(records[number], design, records):
                return records[number], design
            self.pass_over(number)

    def pass_over(self, number: int) -> None:
        """Let a trial stand at its rung for this run."""
        self._passed_over.add(number)

    def share_of_new(self, design: Design, records: Sequence[TrialRecord]) -> float:
        """What time a new trial asks for, in whole trainings: its first rung; while none is complete, a whole one too.

        The first trial of all asks for one whole training.

        Args:
            design: What would be trained.
            records: All trials.
        """
        if not (records and self._config.rungs):
            return 1.0
        stop = self._jobs.next_stop(design.recipe, 0) or self._jobs.n_epochs(design.recipe)
        share = self._jobs.share(design.recipe, first=0, last=stop)
        return share if any(record.is_complete for record in records) else share + 1

    def lines(self, records: Sequence[TrialRecord]) -> list[str]:
        """How well each rung told the order at the next one; nothing in a study without rungs."""
        found = agreements(rung_entries(records, self._config.objectives))
        return agreement_lines(found, n_rungs=len(self._config.rungs))

    def _open_entries(self, records: Sequence[TrialRecord], running: Collection[int]) -> list[RungEntry]:
        entries, closed = rung_entries(records, self._config.objectives), self._passed_over.union(running)
        return [replace(each, is_open=each.is_open and each.number not in closed) for each in entries]

    def _has_time(self, record: TrialRecord, design: Design, records: Sequence[TrialRecord]) -> bool:
        stop = self._jobs.next_stop(design.recipe, len(record.rungs)) or self._jobs.n_epochs(design.recipe)
        share = self._jobs.share(design.recipe, first=record.rungs[-1].epochs, last=stop)
        return not self._clock.is_over(records) and self._clock.allows(design, records, share=share)
