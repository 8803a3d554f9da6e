"""What a search tells whoever watches it; this room prints nothing."""

from collections.abc import Sequence
from typing import Literal, Protocol

from nas_asc.cost import Cost
from nas_asc.space import Design
from nas_asc.study import TrialRecord
from nas_asc.training import EpochRow

Stage = Literal["trials", "repeats", "refit", "twin", "report"]  # of a search, in their order


class SearchListener(Protocol):
    """The events of a search, in the order in which they come; all are told by the searching thread.

    While it trains, a trial goes by its proposal's index, `record.ask`, which with one worker is its number too.
    """

    def on_stage(self, stage: Stage) -> None:
        """A part of the search begins; parts that are not asked for never do."""

    def on_trial_start(self, number: int, design: Design, cost: Cost) -> None:
        """A network is about to be trained, or trained on from its rung."""

    def on_epoch(self, number: int, row: EpochRow, n_epochs: int) -> None:
        """An epoch of a trial, or of the last training of trial `number`'s network, has ended."""

    def on_trial_end(self, record: TrialRecord, front: Sequence[TrialRecord]) -> None:
        """A trial is on disk, complete, failed, or stopped at a rung; `front` is the Pareto front with it."""

    def on_features(self, done: int, total: int) -> None:
        """So many of all clips have the features of the front end that is needed next."""

    def on_note(self, text: str) -> None:
        """Something worth one line."""


class SilentListener:
    """A listener that says nothing; a base for those that want few events."""

    def on_stage(self, stage: Stage) -> None:
        """Say nothing."""

    def on_trial_start(self, number: int, design: Design, cost: Cost) -> None:
        """Say nothing."""

    def on_epoch(self, number: int, row: EpochRow, n_epochs: int) -> None:
        """Say nothing."""

    def on_trial_end(self, record: TrialRecord, front: Sequence[TrialRecord]) -> None:
        """Say nothing."""

    def on_features(self, done: int, total: int) -> None:
        """Say nothing."""

    def on_note(self, text: str) -> None:
        """Say nothing."""
