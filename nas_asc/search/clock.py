"""The time of a search: whether another trial still fits, with what follows the trials kept back."""

import math
from collections.abc import Callable, Sequence

from nas_asc.clock import TimeLimit
from nas_asc.cost import count_training_work
from nas_asc.errors import LayerError
from nas_asc.evaluation import Speed
from nas_asc.layers import parse_architecture
from nas_asc.search.jobs import Jobs
from nas_asc.space import Design
from nas_asc.study import TrialRecord, recommended

_MARGIN = 1.25
_AMPLE = 4.0
_N_NEAREST = 3


class SearchClock:
    """Time left of a search.

    A trial begins only if it, and what follows the trials, are expected to end in time. Forecasts are measured by a
    few steps, and only when time is getting short. A trial that takes longer than forecast is stopped where what
    follows must begin, and is not recorded.

    Args:
        limit: When the whole search is over.
        jobs: The jobs of the study.
        measure: Tells how long the parts of a design's training take here.
        kept_s: Seconds kept for what follows the trials, by those of the recommended network's trial.
        features_s: Tells how long the features of a design's front end take; 0 where they are there.
        layer_types: Layer classes of the space's own.
    """

    def __init__(
        self,
        limit: TimeLimit,
        jobs: Jobs,
        *,
        measure: Callable[[Design], Speed],
        kept_s: Callable[[float], float],
        features_s: Callable[[Design], float] = lambda design: 0.0,
        layer_types: tuple[type, ...] = (),
    ) -> None:
        self._limit = limit
        self._jobs = jobs
        self._measure = measure
        self._kept_s = kept_s
        self._features_s = features_s
        self._layer_types = layer_types
        self._works: dict[str, float] = {}

    def limit(self, records: Sequence[TrialRecord]) -> TimeLimit:
        """When a trial stops."""
        return self._limit.keep(self._kept_s(self._best_s(records)))

    def is_over(self, records: Sequence[TrialRecord]) -> bool:
        """Whether no trial can begin any more."""
        return self.limit(records).is_over

    def allows(self, design: Design, records: Sequence[TrialRecord], *, share: float = 1.0) -> bool:
        """Whether a design's trial, and what follows the trials after it, are expected to end in time.

        Args:
            design: What would be trained.
            records: Finished trials.
            share: How much is trained, in whole trainings of the design.
        """
        left = self._limit.left_s
        if left == math.inf:
            return True
        left -= _MARGIN * self._features_s(design)
        slowest = max((record.seconds for record in records if record.is_complete), default=None)
        if slowest is not None and left > _AMPLE * share * slowest + self._kept_s(_AMPLE * slowest):
            return True
        expected = self._training_s(design, records)
        return left > share * expected + self._kept_s(max(expected / _MARGIN, self._best_s(records)))

    def forecast_s(self, design: Design, records: Sequence[TrialRecord] = ()) -> float:
        """Expected seconds of a design's trial, with a margin: measured, or as the nearest ones took if that is less.

        The features of a front end that is new come on top. A few steps measured while another process was busy say too
        much. Networks of the same work differ in time, so the slowest of the three nearest trials speaks; the deadline
        catches what says too little.

        Args:
            design: What would be trained.
            records: Finished trials.
        """
        return _MARGIN * self._features_s(design) + self._training_s(design, records)

    def _training_s(self, design: Design, records: Sequence[TrialRecord]) -> float:
        """As `forecast_s`, without the features."""
        recipe = self._jobs.recipe(design.recipe)
        measured = self._measure(design).training_s(recipe, recipe.epochs or 0)
        work = count_training_work(design.architecture)
        shares = [(work / self._work(record), record.seconds) for record in records if record.is_complete]
        nearest = sorted(shares, key=lambda pair: abs(math.log(pair[0])))[:_N_NEAREST]
        if len(nearest) < _N_NEAREST:
            return _MARGIN * measured
        return _MARGIN * min(measured, max(seconds * max(1.0, share) for share, seconds in nearest))

    def _work(self, record: TrialRecord) -> float:
        """The work of a trial's network; nearly none where its layers are not known any more."""
        if record.architecture not in self._works:
            try:
                architecture = parse_architecture(record.architecture, self._layer_types)
                self._works[record.architecture] = count_training_work(architecture)
            except LayerError:
                self._works[record.architecture] = 1.0
        return self._works[record.architecture]

    def _best_s(self, records: Sequence[TrialRecord]) -> float:
        best = recommended(records, objective=self._jobs.config.score)
        return 0.0 if best is None else best.seconds
