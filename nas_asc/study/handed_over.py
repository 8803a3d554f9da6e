"""Which trial a study hands over, and whether it was refitted."""

from collections.abc import Sequence
from pathlib import Path

from nas_asc.study.config import StudyConfig
from nas_asc.study.ranking import recommended
from nas_asc.study.record import TrialRecord
from nas_asc.study.repeat import load_repeats
from nas_asc.study.trial_files import load_refit_card


def is_refitted(folder: Path, record: TrialRecord) -> bool:
    """Whether the study's final network is that of the record."""
    card = load_refit_card(folder)
    return card is not None and (card["number"], card["key"]) == (record.number, record.key)


def recommend(folder: Path, config: StudyConfig, records: Sequence[TrialRecord]) -> TrialRecord | None:
    """The trial to ship: the best expected score within the budget; None where none is complete.

    Args:
        folder: Of the study.
        config: Of the study.
        records: Its trials.
    """
    return recommended(records, budget=config.budget, objective=config.score, repeats=load_repeats(folder))
