"""What a search says of its trials, of its front and of what follows, in words; and who prints it line by line."""

from collections.abc import Iterator, Sequence
from typing import get_args

from nas_asc.budget import RESOURCES
from nas_asc.cost import Cost
from nas_asc.plan import TimePlan
from nas_asc.session import Course, SilentListener, Stage
from nas_asc.study import FILE_KINDS, TrialRecord
from nas_asc.units import format_duration, format_short

DOING: dict[Stage, str] = {
    "trials": "choosing the next network",
    "repeats": "training again",
    "refit": "the last training",
    "twin": "searching at random",
    "report": "writing the report",
}  # what runs in a part of a search while no trial does


class PrintingListener(SilentListener):
    """Prints a line for each trial that ended, and for each note."""

    def on_trial_end(self, record: TrialRecord, front: Sequence[TrialRecord]) -> None:
        """Print what the trial scored and took, or why it failed."""
        self.on_note(trial_line(record, n_front=len(front)))

    def on_note(self, text: str) -> None:
        """Print one line."""
        print(text, flush=True)


def front_rows(
    front: Sequence[TrialRecord], *, first: TrialRecord | None = None
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows of a front, best log loss first: scores, what a trial takes of each resource, time, origin.

    Args:
        front: Complete trials.
        first: The recommended one, which stands first, also where it is not on the front; None is none.
    """
    counted = [(resource.heading, resource.used) for resource in RESOURCES.values() if resource.used is not None]
    shown = [record for record in front if first is None or record.number != first.number]
    scored = [(record, record.scores) for record in shown if record.scores is not None]
    ranked = sorted(scored, key=lambda pair: pair[1].log_loss)
    if first is not None and first.scores is not None:
        ranked.insert(0, (first, first.scores))
    rows = [
        (
            str(record.number),
            f"{scores.log_loss:.3f}",
            f"{100 * scores.accuracy:.1f} %",
            *(format_short(used(record.cost)) for _, used in counted),
            format_duration(record.seconds),
            record.origin,
        )
        for record, scores in ranked
    ]
    return ("trial", "log loss", "accuracy", *(heading for heading, _ in counted), "time", "origin"), rows


def later_text(course: Course, plan: TimePlan, stage: Stage, *, trial_s: float | None = None) -> str:
    """What follows a part of a search, with the time that is planned for it; empty where nothing does.

    Args:
        course: What is asked to follow the trials.
        plan: How the time is shared out.
        stage: The part that runs.
        trial_s: The seconds of the trial that would be recommended now; None where none is complete.

    >>> later_text(Course(timeout_s=480.0), TimePlan(480.0, 3, 15.0, finds_length=True), "trials", trial_s=10.0)
    'the leaders train for longer (1 min 26 s), the last training and its file (up to 2 min 0 s), the report (4 s)'
    """
    order = get_args(Stage)
    later = [(name, text) for name, text in _later(course, plan, trial_s) if order.index(name) > order.index(stage)]
    return ", ".join(text for _, text in later)


def _later(course: Course, plan: TimePlan, trial_s: float | None) -> Iterator[tuple[Stage, str]]:
    if course.n_seeds > 1:
        who = "the leaders train for longer" if plan.finds_length else "the front is trained again"
        yield "repeats", who + _planned(plan.repeats_s)
    if course.refits:
        seconds, up_to = plan.refit_s(trial_s or 0.0), "up to " if plan.finds_length else "about "
        yield "refit", f"the last training and its file{_planned(seconds, up_to)}"
    if course.twin:
        yield "twin", "the random twin (as long as the trials)"
    yield "report", f"the report{_planned(plan.report_s)}"


def _planned(seconds: float, up_to: str = "") -> str:
    return f" ({up_to}{format_duration(seconds)})" if seconds else ""


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
