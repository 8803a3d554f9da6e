"""How a search's time is shared out: trials, repeats of the leaders, refit, report. `plan` and the search ask here."""

from dataclasses import dataclass

from nas_asc.evaluation import PreparedData
from nas_asc.study import MOST_FOUND_LENGTH, most_race_length

REPEATS_SHARE = 0.25
RACE_SHARE = 0.18
REFIT_SHARE = 0.25
_REFIT_MARGIN = 1.1
_REPORT_S = 4.0
_MOST_REPORT_SHARE = 0.02


@dataclass(frozen=True)
class TimePlan:
    """What is kept of a search's time for what follows its trials.

    Args:
        total_s: Wall time of the search in seconds; None is no limit.
        n_seeds: Trainings of one length of each network in all; 1 repeats none.
        refit_ratio: Time of the refit in whole trainings of the recommended network's trial, with a margin, at most
            where its length is found by the search; 0 without a refit.
        finds_length: Whether the search finds how long the refit is: then repeats are longer than trials too.
    """

    total_s: float | None
    n_seeds: int = 1
    refit_ratio: float = 0.0
    finds_length: bool = False

    @property
    def report_s(self) -> float:
        """Seconds kept for the report, a small share of a short search."""
        return 0.0 if self.total_s is None else min(_REPORT_S, _MOST_REPORT_SHARE * self.total_s)

    @property
    def repeats_s(self) -> float:
        """Seconds kept for repeats; those of a trial's length share them with the refit, which may need more."""
        share = RACE_SHARE if self.finds_length else REPEATS_SHARE
        return share * self.total_s if self.total_s is not None and self.n_seeds > 1 else 0.0

    def refit_s(self, trial_s: float) -> float:
        """Expected seconds of the refit.

        Args:
            trial_s: The seconds of the trial whose network is trained again.
        """
        longest_s = self.refit_ratio * trial_s
        if not self.finds_length or self.total_s is None:
            return longest_s
        shortest_s = longest_s / MOST_FOUND_LENGTH
        return max(shortest_s, min(longest_s, REFIT_SHARE * self.total_s))

    def after_trials_s(self, trial_s: float) -> float:
        """Seconds kept for all that follows the trials.

        Args:
            trial_s: The seconds of the trial whose network would be recommended.

        >>> TimePlan(400.0, n_seeds=3, refit_ratio=1.5).after_trials_s(20.0)
        104.0
        >>> TimePlan(400.0, n_seeds=3, refit_ratio=15.0, finds_length=True).after_trials_s(20.0)
        176.0
        """
        if self.finds_length:
            return self.repeats_s + self.after_repeats_s(trial_s)
        return max(self.repeats_s, self.refit_s(trial_s)) + self.report_s

    def after_repeats_s(self, trial_s: float) -> float:
        """Seconds kept for all that follows the repeats.

        Args:
            trial_s: The seconds of the trial whose network is recommended.
        """
        return self.refit_s(trial_s) + self.report_s

    def trials_s(self, trial_s: float) -> float | None:
        """Seconds that are left to the trials; None without a limit.

        Args:
            trial_s: The seconds of the trial whose network would be recommended.
        """
        return None if self.total_s is None else max(0.0, self.total_s - self.after_trials_s(trial_s))

    def race_s(self, trial_s: float, *, n_trials: int) -> float:
        """Most seconds of training the leaders for longer.

        Args:
            trial_s: The seconds of a trial.
            n_trials: Complete trials.
        """
        if self.n_seeds < 2 or not self.finds_length:
            return 0.0
        return self.repeats_s if self.total_s is not None else most_race_length(n_trials) * trial_s

    def to_dict(self, trial_s: float) -> dict[str, float | None]:
        """Seconds of every part, for JSON.

        Args:
            trial_s: The seconds of a trial.
        """
        return {
            "total_s": self.total_s,
            "trials_s": self.trials_s(trial_s),
            "repeats_s": self.repeats_s,
            "refit_s": self.refit_s(trial_s),
            "report_s": self.report_s,
        }


def plan_time(
    total_s: float | None, prepared: PreparedData, *, n_seeds: int, refits: bool, final_length: float | None = None
) -> TimePlan:
    """The plan of a search.

    Args:
        total_s: Wall time in seconds; None is no limit.
        prepared: Gives the numbers of clips.
        n_seeds: Trainings of one length of each network in all.
        refits: Whether the recommended network is trained once more on all development clips.
        final_length: Epochs of that training, in trainings of a trial; None lets the search find it.
    """
    share = (prepared.n_train + prepared.n_validation) / max(prepared.n_train, 1)
    ratio = _REFIT_MARGIN * (MOST_FOUND_LENGTH if final_length is None else final_length) * share if refits else 0.0
    return TimePlan(total_s, n_seeds, ratio, finds_length=final_length is None)
