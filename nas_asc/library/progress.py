"""What a search says in a notebook: a line for each trial and each step after them."""

from collections.abc import Sequence

from nas_asc.budget import RESOURCES
from nas_asc.cost import Cost
from nas_asc.session import SilentListener
from nas_asc.study import FILE_KINDS, TrialRecord
from nas_asc.units import format_duration, format_short


class PrintingListener(SilentListener):
    """Prints a line for each trial that ended, and for each note."""

    def on_trial_end(self, record: TrialRecord, front: Sequence[TrialRecord]) -> None:
        """Print what the trial scored and took, or why it failed."""
        self.on_note(trial_line(record, n_front=len(front)))

    def on_note(self, text: str) -> None:
        """Print one line."""
        print(text, flush=True)


def counts_text(cost: Cost) -> str:
    """What a network takes of everything that is counted, sizes left out.

    Args:
        cost: The cost of the network.
    """
    counted = [(resource.used, resource.heading) for resource in RESOURCES.values() if not resource.unit]
    return ", ".join(f"{format_short(used(cost))} {heading}" for used, heading in counted if used is not None)


def trial_line(record: TrialRecord, *, n_front: int) -> str:
    """One finished trial, or one that is stopped at a rung, in one line.

    Args:
        record: The record of the trial.
        n_front: Trials on the front with it.
    """
    if record.is_stopped:
        return _stopped_line(record)
    if record.scores is None:
        return f"trial {record.number} failed: {record.reason}"
    cost, scores = record.cost, record.scores
    size = f"{format_short(cost.int8_bytes)}B {FILE_KINDS[cost.bits or 8]}"
    return (
        f"trial {record.number}: log loss {scores.log_loss:.3f}, accuracy {100 * scores.accuracy:.1f} %,"
        f" {counts_text(cost)}, {size}, {format_duration(record.seconds)}, {record.origin};"
        f" {n_front} on the front"
    )


def _stopped_line(record: TrialRecord) -> str:
    rung, cost = record.rungs[-1], record.cost
    return (
        f"trial {record.number} stopped at rung {len(record.rungs)}, epoch {rung.epochs} of {record.recipe.epochs}:"
        f" log loss {rung.scores.log_loss:.3f}, accuracy {100 * rung.scores.accuracy:.1f} %,"
        f" {counts_text(cost)}, {format_duration(record.seconds)}, {record.origin}"
    )
