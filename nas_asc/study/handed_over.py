"""Which trial a study hands over, under its own limits or others, and whether it was refitted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nas_asc.budget import Budget
from nas_asc.errors import NothingFitsError
from nas_asc.study.config import StudyConfig
from nas_asc.study.ranking import front_of, rank_trials, recommended
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
        folder: The folder of the study.
        config: The config of the study.
        records: Its trials.
    """
    return recommended(records, budget=config.budget, objective=config.score, repeats=load_repeats(folder))


@dataclass(frozen=True)
class FrontCut:
    """The front of the trials within limits that need not be those of the study.

    Args:
        recommended: The trial to ship under these limits.
        front: Complete trials that no other one within the limits beats in every objective, best score first.
    """

    recommended: TrialRecord
    front: tuple[TrialRecord, ...]

    @property
    def shown(self) -> tuple[TrialRecord, ...]:
        """The front with the recommended trial first, whether it is on the front or not."""
        return self.recommended, *(each for each in self.front if each.number != self.recommended.number)


def cut_front(folder: Path, config: StudyConfig, records: Sequence[TrialRecord], budget: Budget) -> FrontCut:
    """The front of a study under other limits; nothing is trained.

    Args:
        folder: The folder of the study.
        config: The config of the study.
        records: Its trials.
        budget: The limits.

    Raises:
        NothingFitsError: No complete trial keeps the limits; names the nearest one and by how much it is over.
    """
    fitting = [record for record in records if budget.fits(record.cost)]
    best = recommended(fitting, objective=config.score, repeats=load_repeats(folder))
    if best is None:
        raise _nothing_fits(config, records, budget)
    return FrontCut(best, rank_trials(front_of(fitting, config.objectives), config.score))


def _nothing_fits(config: StudyConfig, records: Sequence[TrialRecord], budget: Budget) -> NothingFitsError:
    complete = [record for record in records if record.is_complete]
    if not complete:
        return NothingFitsError(
            f"study {config.name!r} has no complete trial. Go on with `nas-asc resume {config.name}`."
        )
    near = min(complete, key=lambda record: max(excess.ratio for excess in budget.check(record.cost)))
    over = ", ".join(f"{each.resource} {each.used:,} of {each.limit:,}" for each in budget.check(near.cost))
    return NothingFitsError(
        f"none of the {len(complete)} complete trials of study {config.name!r} keeps these limits. The nearest, trial"
        f" {near.number}, takes {over}. Loosen the limits, or search within them with `nas-asc search`."
    )
