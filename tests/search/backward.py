"""An executor of one's own: several slots in this process, of which the one that was filled last is done first."""

from functools import partial

from nas_asc.clock import NO_LIMIT
from nas_asc.search import Done, Late, Lost
from nas_asc.training import DeadlineError


class Backward:
    """Trains the latest job first.

    Args:
        worker: Trains.
        n_slots: Jobs that it takes at once.
        n_lost: Jobs whose worker dies once, the first ones.
    """

    def __init__(self, worker, *, n_slots=3, n_lost=0):
        self.n_slots, self.n_lost = n_slots, n_lost
        self._worker, self._taken = worker, []
        self.most = 0

    def submit(self, job, *, limit=NO_LIMIT):
        """Take a job."""
        assert len(self._taken) < self.n_slots
        self._taken.append((job, limit))
        self.most = max(self.most, len(self._taken))

    def next_event(self, on_epoch=lambda job, row, n_epochs: None):
        """Train the latest."""
        if self.n_lost:
            self.n_lost -= 1
            return Lost(self._taken[-1][0], "by a fall")
        job, limit = self._taken.pop()
        try:
            return Done(job, self._worker.attempt(job, limit=limit, on_epoch=partial(on_epoch, job)))
        except DeadlineError:
            return Late(job)

    def close(self):
        """Nothing is there to end."""
