"""Checks of how far scores can be believed: the clips they were measured on, and whether their order is luck."""

from nas_asc.health.card import Card
from nas_asc.health.evidence import Evidence
from nas_asc.metrics import wilson_interval
from nas_asc.study import RepeatSummary, TrialRecord
from nas_asc.units import format_count

_WIDE = 0.03
_WANTED = 0.01
_Z_95 = 1.96


def check_clips(evidence: Evidence) -> Card:
    """Whether there are enough validation clips to tell accuracies apart."""
    title, best = "number of validation clips", evidence.best
    if best is None or best.scores is None:
        return Card("clips", title, "unknown", "no trial is complete", "Go on with the search.")
    scores = best.scores
    low, high = wilson_interval(scores.accuracy, scores.n_clips)
    half = (high - low) / 2
    found = (
        f"{format_count(scores.n_clips)} clips leave trial {best.number}'s accuracy of {100 * scores.accuracy:.1f} %"
        f" a 95 % interval of {100 * low:.1f} to {100 * high:.1f} %, even if no two clips were alike"
    )
    if half <= _WIDE:
        return Card("clips", title, "fine", found)
    n_wanted = round(_Z_95**2 * max(scores.accuracy * (1 - scores.accuracy), 0.05) / _WANTED**2, -2)
    advice = f"Validate on more clips: about {format_count(int(n_wanted))} give 1 point either way."
    return Card("clips", title, "warning", found, advice)


def check_noise(evidence: Evidence) -> Card:
    """Whether the best network is better than others by more than luck."""
    title, best = "differences against luck", evidence.best
    if best is None:
        return Card("noise", title, "unknown", "no trial is complete", "Go on with the search.")
    if evidence.summary is not None:
        return _check_repeats(evidence.summary, evidence, title)
    close = [record for record in evidence.records if _is_close(record, best, evidence)]
    name = evidence.config.name
    if not close:
        found = f"no other trial is within the interval of trial {best.number}, but each was trained once"
        return Card("noise", title, "unknown", found, f"Train the front again: `nas-asc finalists {name}`.")
    found = (
        f"{len(close)} other trials are within the 95 % interval of the best one's accuracy, trial {best.number}, and"
        " each was trained once"
    )
    return Card("noise", title, "warning", found, f"Train the front again: `nas-asc finalists {name}`.")


def _is_close(record: TrialRecord, best: TrialRecord, evidence: Evidence) -> bool:
    if record.scores is None or best.scores is None or record.number == best.number:
        return False
    low, high = wilson_interval(best.scores.accuracy, best.scores.n_clips)
    return low <= record.scores.accuracy <= high and evidence.config.budget.fits(record.cost)


def _check_repeats(summary: RepeatSummary, evidence: Evidence, title: str) -> Card:
    best, others = summary.trials[0], summary.trials[1:]
    n_seeds = min(each.n_seeds for each in summary.trials)
    tied = [each.number for each in others if each.ties_with_best]
    doubtful = [each for each in summary.trials if each.front_probability < 0.5]
    found = (
        f"over {n_seeds} seeds or more {len(tied)} of {len(others)} other finalists tie with trial {best.number},"
        f" the best; {len(doubtful)} of {len(summary.trials)} are more probably off the true front than on it"
    )
    if not tied:
        return Card("noise", title, "fine", found)
    costs = {record.number: record.cost.macs for record in evidence.records}
    cheapest = min([best.number, *tied], key=costs.__getitem__)
    words = "itself takes the fewest MACs of them" if cheapest == best.number else "takes the fewest MACs of the tied"
    return Card("noise", title, "warning", found, f"Take trial {cheapest}, which {words}, or train more seeds.")
