"""The region of interest: scores that are of use, so that nothing is gained by networks that nobody would ship.

Conventions:
    Its border lies a third of the way from the best score to that of the constant answer: it follows what is found.
    Limits that the user sets by hand take its place. The reference point of plots and hypervolumes is another one, and
    stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from nas_asc.metrics import MINIMISED_SCORES, Scores
from nas_asc.study.config import StudyConfig

_SHARE = 1 / 3
_LEARNED = 0.95  # of the constant answer's score: while nothing is better, all is of interest


@dataclass(frozen=True)
class Region:
    """Scores that are of use.

    Args:
        border: The border of the study's score, minimised: what is above it gains nothing.
        min_accuracy: Accuracy that is asked for, in [0, 1]; None is none.
        max_log_loss: Log loss that is asked for, in nats; None is none.
    """

    border: float
    min_accuracy: float | None = None
    max_log_loss: float | None = None

    def holds(self, scores: Scores, score: str) -> bool:
        """Whether scores are of use.

        Args:
            scores: The scores of a trial.
            score: Name of the study's score.
        """
        if self.min_accuracy is not None and scores.accuracy < self.min_accuracy:
            return False
        if self.max_log_loss is not None and scores.log_loss > self.max_log_loss:
            return False
        return MINIMISED_SCORES[score].value(scores) <= self.border


def find_region(config: StudyConfig, scores: Sequence[Scores], n_classes: int) -> Region:
    """The region of interest of a study.

    Args:
        config: The config of the study.
        scores: The scores of its complete trials.
        n_classes: Number of classes.
    """
    score = MINIMISED_SCORES[config.score]
    chance, border = score.chance(n_classes), _limit(config)
    if border is None and (config.min_accuracy is not None or config.max_log_loss is not None):
        border = _between(config, scores, chance)
    if border is None:
        best = min((score.value(each) for each in scores), default=chance)
        border = best + _SHARE * (chance - best) if best < _LEARNED * chance else score.worst(n_classes)
    return Region(border, config.min_accuracy, config.max_log_loss)


def _limit(config: StudyConfig) -> float | None:
    """What the user asks of the study's own score, minimised; None where nothing is asked of it."""
    if config.score == "log_loss":
        return config.max_log_loss
    if config.score != "error" or config.min_accuracy is None:
        return None
    return 1 - config.min_accuracy


def _between(config: StudyConfig, scores: Sequence[Scores], chance: float) -> float:
    """Where the other score is limited: the border between the trials that keep its limit and those that do not."""
    value, region = MINIMISED_SCORES[config.score].value, Region(chance, config.min_accuracy, config.max_log_loss)
    inside = [value(each) for each in scores if region.holds(each, config.score)]
    outside = [value(each) for each in scores if not region.holds(each, config.score)]
    worst = max(inside, default=chance)
    return max(worst, (worst + min((each for each in outside if each > worst), default=chance)) / 2)
