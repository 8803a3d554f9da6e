"""Checks of the trials: failures by cause, gain over random search, and whether early scores foretell late ones."""

import re
from collections import Counter

from nas_asc.health.card import Card
from nas_asc.health.evidence import Evidence
from nas_asc.health.twin import compare_at_seconds, compare_at_trials, is_twin
from nas_asc.metrics import rank_correlation

_MANY_FAILURES = 0.1
_LEAST_GAIN = 0.01
_LOW_CORRELATION = 0.5
_FEWEST_PAIRS = 8


def check_failures(evidence: Evidence) -> Card:
    """Whether many trials failed, and why."""
    title, n = "failed trials", len(evidence.records)
    if not n:
        return Card("failures", title, "unknown", "there are no trials yet", "Begin the search.")
    reasons = [record.reason or "no reason kept" for record in evidence.records if record.state == "failed"]
    causes = Counter(re.sub(r"\d+(\.\d+)?(e[+-]?\d+)?", "#", reason) for reason in reasons)
    if not causes:
        return Card("failures", title, "fine", f"none of {n} trials failed")
    listed = "; ".join(f"{count} times: {cause}" for cause, count in causes.most_common(3))
    found = f"{len(reasons)} of {n} trials failed, {listed}"
    if len(reasons) > _MANY_FAILURES * n:
        advice = "Forbid what fails with a requirement in the space, or narrow its axes."
        return Card("failures", title, "warning", found, advice)
    return Card("failures", title, "fine", found)


def check_gain(evidence: Evidence) -> Card:
    """Whether the sampler gained on feasible random search at equal cost."""
    title, config = "gain over random search", evidence.config
    if config.sampler == "random":
        found = "this study is a random search" + (", the twin of another" if is_twin(config.name) else "")
        return Card("gain", title, "unknown", found, "Search with another `sampler` to gain on it.")
    ask = f"Train it at equal cost: `nas-asc twin {config.name}`."
    if not evidence.twin:
        return Card("gain", title, "unknown", "the study has no random twin", ask)
    fair = compare_at_trials(config, evidence.records, evidence.twin)
    timed = compare_at_seconds(config, evidence.records, evidence.twin)
    if fair.best is None or fair.twin_best is None:
        return Card("gain", title, "unknown", "study or twin has no complete trial yet", ask)
    found = (
        f"at {fair.n_trials} trials each, hypervolume {fair.volume:.4g} against {fair.twin_volume:.4g} of the random"
        f" twin, best {config.score} {fair.best:.3f} against {fair.twin_best:.3f}; at equal seconds"
        f" {timed.volume:.4g} against {timed.twin_volume:.4g}"
    )
    if config.mode == "best" or not config.reference_point:
        gains = fair.best < fair.twin_best
    else:
        gains = fair.volume > (1 + _LEAST_GAIN) * fair.twin_volume
    if len(evidence.twin) < len(evidence.records):
        found += f" (the twin has {len(evidence.twin)} of {len(evidence.records)} trials)"
    if gains:
        return Card("gain", title, "fine", f"{found}; one twin alone, so small gains may be luck")
    return Card("gain", title, "warning", found, "The sampler gained nothing yet: give it more trials or fewer axes.")


def check_rungs(evidence: Evidence) -> Card:
    """Whether scores after few epochs put trials in the order of their full trainings."""
    title = "early scores against late ones"
    pairs = {epochs: found for epochs, found in evidence.rungs.items() if len(found) >= _FEWEST_PAIRS}
    if not pairs:
        found = f"no {_FEWEST_PAIRS} trials were scored early and at full length"
        return Card("rungs", title, "unknown", found)
    values = {epochs: rank_correlation(*zip(*found, strict=True)) or 0.0 for epochs, found in pairs.items()}
    text = ", ".join(f"{value:.2f} after {epochs} epochs" for epochs, value in sorted(values.items()))
    found = f"rank correlation with the full training: {text}"
    if min(values.values()) < _LOW_CORRELATION:
        return Card("rungs", title, "warning", found, "Stop trials later: early scores do not tell them apart.")
    return Card("rungs", title, "fine", found)
