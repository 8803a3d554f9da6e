"""How a search's time is shared out: trials, repeats of the front, refit, report. `plan` and the search ask here."""

from dataclasses import dataclass

from nas_asc.evaluation import PreparedData

REPEATS_SHARE = 0.25
_REFIT_MARGIN = 1.1
_REPORT_S = 4.0
_MOST_REPORT_SHARE = 0.02


@dataclass(frozen=True)
class TimePlan:
    """What is kept of a search's time for what follows its trials.

    Args:
        total_s: Wall time of the search in seconds; None is no limit.
        n_seeds: Trainings of each network of the front in all; 1 repeats none.
        refit_ratio: Time of the refit in whole trainings of the recommended network's trial, with a margin; 0 without
            a refit.
    """

    total_s: float | None
    n_seeds: int = 1
    refit_ratio: float = 0.0

    @property
    def report_s(self) -> float:
        """Seconds kept for the report, a small share of a short search."""
        return 0.0 if self.total_s is None else min(_REPORT_S, _MOST_REPORT_SHARE * self.total_s)

    @property
    def repeats_s(self) -> float:
        """Seconds kept for repeats and refit together, where there are repeats; the refit may need more."""
        return REPEATS_SHARE * self.total_s if self.total_s is not None and self.n_seeds > 1 else 0.0

    def refit_s(self, trial_s: float) -> float:
        """Expected seconds of the refit.

        Args:
            trial_s: Of the trial whose network is trained again.
        """
        return self.refit_ratio * trial_s

    def after_trials_s(self, trial_s: float) -> float:
        """Seconds kept for all that follows the trials.

        Args:
            trial_s: Of the trial whose network would be recommended.

        >>> TimePlan(400.0, n_seeds=3, refit_ratio=1.5).after_trials_s(20.0)
        104.0
        """
        return max(self.repeats_s, self.refit_s(trial_s)) + self.report_s

    def after_repeats_s(self, trial_s: float) -> float:
        """Seconds kept for all that follows the repeats.

        Args:
            trial_s: Of the trial whose network is recommended.
        """
        return self.refit_s(trial_s) + self.report_s

    def trials_s(self, trial_s: float) -> float | None:
        """Seconds that are left to the trials; None without a limit.

        Args:
            trial_s: Of the trial whose network would be recommended.
        """
        return None if self.total_s is None else max(0.0, self.total_s - self.after_trials_s(trial_s))

    def to_dict(self, trial_s: float) -> dict[str, float | None]:
        """Seconds of every part, for JSON.

        Args:
            trial_s: Of a trial.
        """
        return {
            "total_s": self.total_s,
            "trials_s": self.trials_s(trial_s),
            "repeats_s": self.repeats_s,
            "refit_s": self.refit_s(trial_s),
            "report_s": self.report_s,
        }


def plan_time(
    total_s: float | None, prepared: PreparedData, *, n_seeds: int, refits: bool, final_length: float = 1.0
) -> TimePlan:
    """The plan of a search.

    Args:
        total_s: Wall time in seconds; None is no limit.
        prepared: Gives the numbers of clips.
        n_seeds: Trainings of each network of the front in all.
        refits: Whether the recommended network is trained once more on all development clips.
        final_length: Epochs of that training, in trainings of a trial.
    """
    share = (prepared.n_train + prepared.n_validation) / max(prepared.n_train, 1)
    return TimePlan(total_s, n_seeds, _REFIT_MARGIN * final_length * share if refits else 0.0)
