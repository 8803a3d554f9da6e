"""How far a search goes, and what it ends with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_asc.handover import RepeatsResult, TwinResult
from nas_asc.search import SearchResult, StoppedBy
from nas_asc.study import TrialRecord

DEFAULT_TRIALS = 30
DEFAULT_TIMEOUT_S = 8 * 60.0
DEFAULT_SEEDS = 3


@dataclass(frozen=True, kw_only=True)
class Course:
    """How far a search goes, and what follows its trials.

    Args:
        n_trials: Trials begun in all, those of earlier runs included; None is no number.
        timeout_s: Wall time of all in seconds, but for the twin, which takes as much again; None is no limit.
        n_seeds: Trainings of each network of the front in all; 1 repeats none.
        refits: Whether the recommended network is trained once more on all development clips.
        twin: Whether the study's random twin is searched afterwards.
    """

    n_trials: int | None = None
    timeout_s: float | None = None
    n_seeds: int = DEFAULT_SEEDS
    refits: bool = True
    twin: bool = False

    @classmethod
    def of(cls, n_trials: int | None, timeout_s: float | None, **others: Any) -> "Course":
        """A course; without trials and time it goes as far as a first look does.

        Args:
            n_trials: Trials in all.
            timeout_s: Wall time of all in seconds.
            others: What else is said of it.
        """
        if n_trials is None and timeout_s is None:
            n_trials, timeout_s = DEFAULT_TRIALS, DEFAULT_TIMEOUT_S
        return cls(n_trials=n_trials, timeout_s=timeout_s, **others)


@dataclass(frozen=True)
class SessionResult:
    """What a session ended with.

    Args:
        search: The trials.
        stopped_by: As the search's; "interrupt" also where what followed it was interrupted.
        repeats: The repeats of the front; None where none were made.
        twin: Beside the study; None where none was asked for.
        recommended: The trial to ship; None where none is complete.
        is_refitted: Whether its network was trained once more on all development clips.
        report: The page; None where no trial is complete.
    """

    search: SearchResult
    stopped_by: StoppedBy
    repeats: RepeatsResult | None
    twin: TwinResult | None
    recommended: TrialRecord | None
    is_refitted: bool
    report: Path | None
