"""Proposals by Optuna's multivariate TPE, masked: of many draws the best by its measure that fits and is new.

Conventions:
    Its study holds finished trials alone, all feasible, and at most about a thousand of them. What is proposed depends
    on the seed and the records only.
"""

from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.samplers import TPESampler

from nas_asc.propose.history import History
from nas_asc.propose.optuna_study import ModelStudy, admit_wish, to_candidate
from nas_asc.propose.repair import repair
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.study import StudyConfig

_DRAWS = 96
_ROUNDS = 3
_MOST_SEEN = 1_000


class TpeStrategy:
    """The draw from TPE's density of good trials that has the best ratio to that of the others, of those that fit.

    Args:
        screen: Knows the space and what fits.
        config: Of the study.
    """

    def __init__(self, screen: Screen, config: StudyConfig) -> None:
        self._model = ModelStudy(screen.space, n_objectives=len(config.minimised), n_most=_MOST_SEEN)

    def __call__(self, screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
        """The best draw that fits and is new; else the best one, shrunk; None where that is no good either."""
        study = self._model.read(history)
        first = None
        for _ in range(_ROUNDS):
            for wish in _draw_ranked(study, self._model, seed=int(rng.integers(2**31))):
                candidate = to_candidate(screen.space, wish)
                first = first or candidate
                proposal = admit_wish(candidate, screen, history, origin="tpe")
                if proposal is not None:
                    return proposal
        fitting = None if first is None else repair(first, screen, rng)
        return None if fitting is None else admit_wish(fitting, screen, history, origin="tpe, shrunk")


class RankingTpe(TPESampler):
    """TPE that keeps all that it has drawn, best first.

    Args:
        seed: Of its draws.
    """

    def __init__(self, *, seed: int) -> None:
        super().__init__(multivariate=True, constant_liar=False, n_startup_trials=1, n_ei_candidates=_DRAWS, seed=seed)
        self.ranked: list[dict[str, float]] = []

    def _compute_acquisition_func(
        self, samples: dict[str, NDArray[Any]], mpe_below: Any, mpe_above: Any
    ) -> NDArray[np.float64]:
        values = super()._compute_acquisition_func(samples, mpe_below, mpe_above)
        order = np.argsort(-values, kind="stable")
        self.ranked = [{name: column[row].item() for name, column in samples.items()} for row in order]
        return values


def _draw_ranked(study: optuna.Study, model: ModelStudy, *, seed: int) -> list[dict[str, Any]]:
    """Parameters of every draw, best first, each once."""
    sampler, axes = RankingTpe(seed=seed), model.open_axes
    sampler.sample_relative(study, model.dummy(len(study.get_trials(deepcopy=False))), axes)
    wishes = [{name: axes[name].to_external_repr(number) for name, number in draw.items()} for draw in sampler.ranked]
    return list({tuple(wish.values()): wish for wish in wishes}.values())
