"""Proposals from a model of all trials: Optuna's multivariate TPE on the flat, fixed-length code.

Conventions:
    The model's study lives in memory, holds finished trials alone, and is made anew for every proposal, so that
    what is proposed depends on the seed and the records only.
"""

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from nas_asc.search.history import History
from nas_asc.search.screen import Proposal, Screen
from nas_asc.search.shrink import shrink
from nas_asc.space import Axis, Candidate, Space

_ASKS = 12


def propose_by_tpe(screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
    """What TPE asks for, if it fits and is new; else its first wish, shrunk; None where that is no good either.

    Args:
        screen: Knows what fits.
        history: Two complete trials or more.
        rng: Seeds the sampler.
    """
    distributions = model_distributions(screen.space)
    study = _model_study(history, distributions, seed=int(rng.integers(2**31)))
    wishes = []
    for _ in range(_ASKS):
        wishes.append(_ask(study, screen.space, distributions))
        proposal = _admit_wish(wishes[-1], screen, history)
        if proposal is not None:
            return proposal
    fitting = shrink(wishes[0], screen, rng)
    return None if fitting is None else _admit_wish(fitting, screen, history)


def model_distributions(space: Space) -> dict[str, BaseDistribution]:
    """Optuna's distribution of every axis's code, by axis name."""
    return {name: _distribution(axis) for name, axis in space.axes.items()}


def _distribution(axis: Axis) -> BaseDistribution:
    if axis.kind == "choice":
        n = axis.n_values or 1
        return IntDistribution(0, n - 1) if axis.is_ordered else CategoricalDistribution(range(n))
    low, high, log = axis.low, axis.high, axis.log  # type: ignore[attr-defined]
    if axis.kind == "real":
        return FloatDistribution(low, high, log=log)
    step = axis.step  # type: ignore[attr-defined]
    return IntDistribution(low, high, step=step, log=log and step == 1)


def _model_study(history: History, distributions: dict[str, BaseDistribution], *, seed: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(multivariate=True, constant_liar=False, n_startup_trials=1, seed=seed)
    study = optuna.create_study(directions=["minimize"] * history.values.shape[1], sampler=sampler)
    study.add_trials(
        optuna.trial.create_trial(
            params=dict(zip(distributions, candidate.code, strict=True)),
            distributions=distributions,
            values=row.tolist(),
        )
        for candidate, row in zip(history.candidates, history.values, strict=True)
    )
    return study


def _ask(study: optuna.Study, space: Space, distributions: dict[str, BaseDistribution]) -> Candidate:
    trial = study.ask(distributions)
    return space.decode([trial.params[name] for name in distributions])


def _admit_wish(wish: Candidate, screen: Screen, history: History) -> Proposal | None:
    if screen.space.broken_requirement(wish) is not None:
        return None
    return screen.admit(wish, origin="tpe", seen=history.seen)
