"""Recorders for where there is no GPU."""

import torch


class Tape:
    """Computes what it recorded anew at each replay, and not when it records it, as a GPU does.

    Attributes:
        n_warm: Works computed before something is recorded.
        n_recorded: Works recorded.
        n_replayed: Replays.
    """

    def __init__(self, torch_device=None):
        self.n_warm = self.n_recorded = self.n_replayed = 0

    def warm(self, compute):
        """What the work gives."""
        self.n_warm += 1
        return compute()

    def record(self, compute):
        """A tensor for what the work gives, and what computes it."""
        self.n_recorded += 1
        found = torch.zeros(())

        def replay():
            self.n_replayed += 1
            found.copy_(compute())

        return found, replay


class Silent(Tape):
    """Replays nothing."""

    def record(self, compute):
        """A tensor that stays zero."""
        return torch.zeros(()), lambda: None
