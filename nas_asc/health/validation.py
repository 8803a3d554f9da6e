"""Checks of the validation clips: independent groups, classes, devices."""

from nas_asc.data import describe_contradictions
from nas_asc.health.card import Card
from nas_asc.health.evidence import Evidence, Validation

_FEWEST_GROUPS = 10
_FEWEST_CLIPS = 10
_ROUNDING = 1e-9
_ABSENT = "the data could not be read"


def check_groups(evidence: Evidence) -> Card:
    """Whether enough independent recordings validate."""
    title, validation = "independent recordings in validation", evidence.validation
    if validation is None:
        return Card("groups", title, "unknown", _ABSENT, "Put the data back where the study found it.")
    word = validation.group_word
    found = f"{validation.n_clips:,} validation clips come from {validation.n_groups:,} {word}s"
    if validation.n_groups < _FEWEST_GROUPS:
        advice = f"Validate on more {word}s: clips of one are alike, so scores say little of others."
        return Card("groups", title, "warning", found, advice)
    return Card("groups", title, "fine", found)


def check_coverage(evidence: Evidence) -> Card:
    """Whether all classes, and all devices that are trained on, are validated."""
    title, validation = "classes and devices in validation", evidence.validation
    if validation is None:
        return Card("coverage", title, "unknown", _ABSENT, "Put the data back where the study found it.")
    faults = _missing(validation)
    if faults:
        advice = "Name other validation rows or another `test_fold`, or add recordings."
        return Card("coverage", title, "warning", "; ".join(faults), advice)
    fewest = min(validation.class_clips.values(), default=0)
    devices = f", {len(validation.devices)} devices" if validation.devices else ""
    found = f"{len(validation.class_clips)} classes with {fewest:,} clips or more{devices}"
    return Card("coverage", title, "fine", found)


def check_constant(evidence: Evidence) -> Card:
    """Whether some trial is right more often than who always says one class; any class, where all count alike."""
    title, validation = "better than the constant answer", evidence.validation
    scores = [record.scores for record in evidence.records if record.scores is not None]
    if validation is None or not scores:
        reason = _ABSENT if validation is None else "no trial is complete yet"
        return Card("constant", title, "unknown", reason, "Go on with the search.")
    if evidence.config.score == "macro_error":
        best, of_what = max(each.macro_accuracy for each in scores), "an average class's validation clips"
        constant = 1 / max(sum(n > 0 for n in validation.class_clips.values()), 1)
        advice = "Train for longer."
    else:
        best, of_what = max(each.accuracy for each in scores), "the validation clips"
        constant = max(validation.class_clips.values(), default=0) / max(validation.n_clips, 1)
        advice = 'Train for longer, or search with `objectives=("macro_error", "macs", "int8_bytes")`.'
    found = (
        f"the best trial is right for {100 * best:.1f} % of {of_what}, the constant answer for {100 * constant:.1f} %"
    )
    if best > constant + _ROUNDING:
        return Card("constant", title, "fine", found)
    return Card("constant", title, "warning", f"no trial beats the constant answer: {found}", advice)


def check_labels(evidence: Evidence) -> tuple[Card, ...]:
    """Whether no recording lies under two labels; no card where the layout states groups, as nobody looked then."""
    title, contradictions = "one label a recording", evidence.validation and evidence.validation.contradictions
    if contradictions is None:
        return ()
    if contradictions:
        advice = "Keep each of them under the label that is right, and search again."
        return (Card("labels", title, "warning", describe_contradictions(contradictions), advice),)
    return (Card("labels", title, "fine", "no two recordings of equal bytes have different labels"),)


def _missing(validation: Validation) -> list[str]:
    absent = [name for name, n in validation.class_clips.items() if n == 0]
    rare = [f"{name} ({n})" for name, n in validation.class_clips.items() if 0 < n < _FEWEST_CLIPS]
    unheard = [name for name in validation.training_devices if name not in validation.devices]
    faults = [f"no validation clips of {', '.join(absent)}"] if absent else []
    faults += [f"fewer than {_FEWEST_CLIPS} validation clips of {', '.join(rare)}"] if rare else []
    faults += [f"no validation clips of the devices {', '.join(unheard)}, which are trained on"] if unheard else []
    return faults
