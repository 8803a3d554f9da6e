"""What a search says in a notebook: a line for each trial and each step after them."""

from collections.abc import Sequence

from nas_asc.session import SilentListener
from nas_asc.study import TrialRecord
from nas_asc.units import format_duration, format_short


class PrintingListener(SilentListener):
    """Prints a line for each trial that ended, and for each note."""

    def on_trial_end(self, record: TrialRecord, front: Sequence[TrialRecord]) -> None:
        """Print what the trial scored and took, or why it failed."""
        self.on_note(trial_line(record, n_front=len(front)))

    def on_note(self, text: str) -> None:
        """Print one line."""
        print(text, flush=True)


def trial_line(record: TrialRecord, *, n_front: int) -> str:
    """One trial in one line.

    Args:
        record: Of the trial.
        n_front: Trials on the front with it.
    """
    scores, cost = record.last_scores, record.cost
    if record.is_failed or scores is None:
        return f"trial {record.number} failed: {record.reason}"
    stopped = f", stopped after {record.rungs[-1].epochs} epochs" if record.is_stopped else ""
    return (
        f"trial {record.number}: log loss {scores.log_loss:.3f}, accuracy {100 * scores.accuracy:.1f} %,"
        f" {format_short(cost.params)} params, {format_short(cost.macs)} MACs, {format_duration(record.seconds)},"
        f" {record.origin}{stopped}; {n_front} on the front"
    )
