"""The time of a search: whether another trial still fits, with the last training's share kept back."""

import math
import time
from collections.abc import Sequence

from nas_asc.cost import count_cost
from nas_asc.evaluation import PreparedData, measure_speed
from nas_asc.search.trial import Setting
from nas_asc.space import Design
from nas_asc.study import TrialRecord, recommended

_MARGIN, _REFIT_MARGIN = 1.25, 1.1
_AMPLE = 4.0
_N_NEAREST = 3


def refit_share(prepared: PreparedData, length: float = 1.0) -> float:
    """Time of a training on all development clips, with a margin, in trainings on the training clips alone.

    Args:
        prepared: Gives the numbers of clips.
        length: Its epochs, in trainings of a trial.
    """
    return _REFIT_MARGIN * length * (prepared.n_train + prepared.n_validation) / max(prepared.n_train, 1)


class Clock:
    """Time left of a search.

    A trial begins only if it and the last training after it are expected to end in time. Forecasts are measured by a
    few steps, and only when time is getting short. A trial that takes longer than forecast is stopped where the last
    training must begin, and is not recorded.

    Args:
        timeout_s: Wall time from now; None is no limit.
        refits: Whether a last training is to come.
        setting: What is trained on.
        kept_s: Time kept for what comes after the trials, the last training among it.
    """

    def __init__(self, timeout_s: float | None, *, refits: bool, setting: Setting, kept_s: float = 0.0) -> None:
        self._end = None if timeout_s is None else time.monotonic() + timeout_s
        self._setting = setting
        self._kept_s = kept_s
        self._refit_share = refit_share(setting.prepared, setting.config.final_length) if refits else 0.0

    def deadline(self, records: Sequence[TrialRecord]) -> float | None:
        """Reading of `time.monotonic()` at which a trial stops; None is no limit."""
        return None if self._end is None else self._end - self._kept(self._best_s(records))

    def is_over(self, records: Sequence[TrialRecord]) -> bool:
        """Whether no trial can begin any more."""
        deadline = self.deadline(records)
        return deadline is not None and time.monotonic() >= deadline

    def allows(self, design: Design, records: Sequence[TrialRecord], *, share: float = 1.0) -> bool:
        """Whether a design's trial, and the last training after it, are expected to end in time.

        Args:
            design: What would be trained.
            records: Finished trials.
            share: How much is trained, in whole trainings of the design.
        """
        if self._end is None:
            return True
        left = self._end - time.monotonic()
        slowest = max((record.seconds for record in records if record.is_complete), default=None)
        if slowest is not None and left > _AMPLE * share * slowest + self._kept(_AMPLE * slowest):
            return True
        expected = self.forecast_s(design, records)
        return left > share * expected + self._kept(max(expected / _MARGIN, self._best_s(records)))

    def forecast_s(self, design: Design, records: Sequence[TrialRecord] = ()) -> float:
        """Expected seconds of a design's trial, with a margin: measured, or as the nearest ones took if that is less.

        A few steps measured while another process was busy say too much. Families differ in time for the same MACs, so
        the slowest of the three nearest trials speaks; the deadline catches what says too little.

        Args:
            design: What would be trained.
            records: Finished trials.
        """
        epoch_s = measure_speed(design, self._setting.prepared, torch_device=self._setting.torch_device)
        measured = epoch_s * self._setting.recipe(design).n_passes(self._setting.n_epochs(design))
        macs = count_cost(design.architecture).macs
        complete = [record for record in records if record.is_complete]
        nearest = sorted(complete, key=lambda record: abs(math.log(record.cost.macs / macs)))[:_N_NEAREST]
        if len(nearest) < _N_NEAREST:
            return _MARGIN * measured
        return _MARGIN * min(measured, max(record.seconds * max(1.0, macs / record.cost.macs) for record in nearest))

    def _kept(self, trial_s: float) -> float:
        """Seconds kept for what follows the trials where the network that is trained last took so long in its trial."""
        return max(self._kept_s, self._refit_share * trial_s)

    def _best_s(self, records: Sequence[TrialRecord]) -> float:
        best = recommended(records, objective=self._setting.config.score)
        return 0.0 if best is None else best.seconds
