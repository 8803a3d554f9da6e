"""The proposals of a running search: what is in training, what a killed search left, what comes next.

Conventions:
    A proposal has an index, its ask; the trial that it becomes gets its number when it arrives. With one slot both are
    the same. Only where there are several is what is in training written down: one alone is proposed again as it was.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

from nas_asc.errors import SpaceError
from nas_asc.propose import Proposal, Proposer, Screen
from nas_asc.study import Ask, PendingTrial, TrialRecord, load_pending, save_pending


class Asks:
    """Proposals by their index.

    Args:
        folder: The folder of the study.
        screen: Knows the space and what fits.
        proposer: Who proposes.
        records: All trials of the study so far.
        n_slots: Trainings at the same time.
    """

    def __init__(
        self, folder: Path, screen: Screen, proposer: Proposer, records: Sequence[TrialRecord], *, n_slots: int
    ) -> None:
        self._folder, self._screen, self._proposer = folder, screen, proposer
        arrived = {record.ask for record in records}
        self._left = [each for each in load_pending(folder) if each.asked.index not in arrived]
        self._next = 1 + max([*arrived, *(each.asked.index for each in self._left)], default=-1)
        self._keeps = n_slots > 1 or bool(self._left)
        self._running: dict[int, tuple[Ask, Proposal]] = {}

    @property
    def n_running(self) -> int:
        """Proposals in training."""
        return len(self._running)

    @property
    def keys(self) -> set[str]:
        """Of the designs in training."""
        return {proposal.design.key for _, proposal in self._running.values()}

    def next(self, records: Sequence[TrialRecord]) -> tuple[Ask, Proposal | None]:
        """The next proposal, one that a killed search left first; None where nothing new was found.

        Args:
            records: All trials so far.
        """
        while self._left:
            left = self._left.pop(0)
            proposal = self._restore(left, seen={record.key for record in records} | self.keys)
            if proposal is not None:
                return left.asked, proposal
        asked = Ask(index=self._next, n_known=len(records), pending=tuple(sorted(self._running)))
        return asked, self.another(asked, records)

    def another(self, asked: Ask, records: Sequence[TrialRecord], *, avoid: Collection[str] = ()) -> Proposal | None:
        """What a proposal of that index proposes; never a design that is in training.

        Args:
            asked: Which proposal it is.
            records: All trials so far.
            avoid: Keys of designs that are not wanted.
        """
        return self._proposer.propose(asked.index, records, avoid=self.keys.union(avoid))

    def begin(self, asked: Ask, proposal: Proposal) -> None:
        """Remember that a proposal is in training."""
        self._next = max(self._next, asked.index + 1)
        self._running[asked.index] = asked, proposal
        self._save()

    def end(self, index: int) -> None:
        """Forget a proposal whose trial is recorded, or for which there was no time."""
        del self._running[index]
        self._save()

    def asked_as(self, index: int, *, number: int) -> Ask | None:
        """What the record of a proposal says of it, as the trial of that number; None where that says all.

        Args:
            index: The index of a proposal in training.
            number: The number of the trial that it becomes.
        """
        asked, _ = self._running[index]
        return None if asked == Ask(index=number, n_known=number) else asked

    def _restore(self, left: PendingTrial, *, seen: Collection[str]) -> Proposal | None:
        try:
            candidate = self._screen.space.candidate_from(left.values)
        except SpaceError:  # the space has changed
            return None
        return self._screen.admit(candidate, origin=left.origin, seen=seen)

    def _save(self) -> None:
        if self._keeps:
            running = [PendingTrial(asked, one.candidate.values, one.origin) for asked, one in self._running.values()]
            save_pending(self._folder, [*running, *self._left])
