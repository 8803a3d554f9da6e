"""Optuna's samplers behind the filter of what fits: wishes, asked for until one fits and is new, or shrunk.

Conventions:
    Only Optuna's public interface is used.
    For every proposal a new sampler, seeded by the study's seed and the trial, is shown the finished trials in a new
    study. So nothing is remembered, and one that keeps its state in running trials, such as CmaEsSampler, begins anew.
    A genetic sampler marks a trial with its generation while it is asked. All finished trials get the mark of a first
    one: they are one generation, and the parents of the next are the best of all.
    A wish that is not taken is left running: samplers that look at running trials then wish for something else.
"""

import inspect
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import optuna
from optuna.samplers import BaseGASampler, BaseSampler, NSGAIIISampler, NSGAIISampler, TPESampler
from optuna.study import StudyDirection

from nas_asc.errors import StudyError
from nas_asc.propose.history import History
from nas_asc.propose.optuna_study import model_distributions, model_trials, to_candidate
from nas_asc.propose.repair import repair
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.propose.subsample import subsample_rows
from nas_asc.space import Candidate
from nas_asc.study import OPTUNA_PREFIX, StudyConfig

POPULATION = 20
_OWN: dict[str, Callable[..., BaseSampler]] = {
    "tpe": partial(TPESampler, multivariate=True, constant_liar=False, n_startup_trials=1),
    "nsga2": partial(NSGAIISampler, population_size=POPULATION),
    "nsga3": partial(NSGAIIISampler, population_size=POPULATION),
}
_MOST_SEEN = 150  # trials: of a longer history the front, the newest, and evenly of the others
_WISHES = 6
_CHILDREN = 32  # wishes of a genetic sampler, which take a millisecond a few


class OptunaStrategy:
    """What one of Optuna's samplers wishes for.

    Args:
        screen: Knows the space and what fits.
        config: The config of the study; its `sampler` is "tpe", "nsga2", "nsga3", or such as "optuna:GPSampler".

    Raises:
        StudyError: There is no such sampler, or it cannot be used here.
    """

    def __init__(self, screen: Screen, config: StudyConfig) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._sampler = config.sampler
        self._origin = config.sampler.removeprefix(OPTUNA_PREFIX)
        self._space = screen.space
        self._distributions = model_distributions(screen.space)
        self._directions = [StudyDirection.MINIMIZE] * len(config.minimised)
        study = self._study(seed=0)
        self._wish(study)
        self._marks: dict[str, Any] = study.get_trials(deepcopy=False)[0].system_attrs

    def __call__(self, screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
        """The first wish that fits and is new; else the first that is new once it is shrunk; None where none is."""
        study = self._study(seed=int(rng.integers(2**31)))
        rows = subsample_rows(len(history), history.front.tolist(), n_most=_MOST_SEEN)
        study.add_trials(model_trials(history, rows, self._distributions, attributes=self._marks))
        wishes: list[Candidate] = []
        for _ in range(_CHILDREN if isinstance(study.sampler, BaseGASampler) else _WISHES):
            wishes.append(self._wish(study))
            proposal = self._admit(wishes[-1], screen, history)
            if proposal is not None:
                return proposal
        shrunk = (repair(wish, screen, rng) for wish in wishes[:_WISHES])
        admitted = (self._admit(one, screen, history, how=", shrunk") for one in shrunk if one is not None)
        return next((proposal for proposal in admitted if proposal is not None), None)

    def _study(self, *, seed: int) -> optuna.Study:
        return optuna.create_study(directions=self._directions, sampler=build_sampler(self._sampler, seed=seed))

    def _wish(self, study: optuna.Study) -> Candidate:
        open_axes = {name: one for name, one in self._distributions.items() if not one.single()}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return to_candidate(self._space, study.ask(open_axes).params)
        except (ImportError, ValueError, NotImplementedError, RuntimeError) as error:
            raise _unusable(self._sampler, error) from None

    def _admit(self, wish: Candidate, screen: Screen, history: History, *, how: str = "") -> Proposal | None:
        if screen.space.broken_requirement(wish) is not None:
            return None
        return screen.admit(wish, origin=self._origin + how, seen=history.seen)


def build_sampler(sampler: str, *, seed: int) -> BaseSampler:
    """Sampler of Optuna's.

    Args:
        sampler: "tpe", "nsga2", "nsga3", or "optuna:" and the name of a class in `optuna.samplers`.
        seed: Given to it where it takes one.

    Raises:
        StudyError: There is no such sampler, or it cannot be made without further arguments.
    """
    build = _OWN.get(sampler) or _find_class(sampler.removeprefix(OPTUNA_PREFIX))
    options = {"seed": seed} if "seed" in inspect.signature(build).parameters else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return build(**options)
    except (ImportError, TypeError) as error:
        raise _unusable(sampler, error) from None


def _find_class(name: str) -> type[BaseSampler]:
    found = getattr(optuna.samplers, name, None)
    if inspect.isclass(found) and issubclass(found, BaseSampler):
        return found
    known = ", ".join(sorted(one for one in optuna.samplers.__all__ if one.endswith("Sampler") and "Base" not in one))
    raise StudyError(f'`sampler="{OPTUNA_PREFIX}NAME"` must name a sampler of Optuna, but got {name!r}: {known}.')


def _unusable(sampler: str, error: Exception) -> StudyError:
    return StudyError(f'`sampler="{sampler}"` cannot be used here: {" ".join(str(error).split())}')
