"""Proposals by Optuna's NSGA-II and NSGA-III, whose children are made until one fits and is new.

Conventions:
    Every twenty complete trials in a row are a generation, whatever proposed them; the parents of a generation are
    chosen from the one before and its parents, by Optuna's sampler, seeded by the study's seed and the generation.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
from optuna.samplers import NSGAIIISampler, NSGAIISampler

from nas_asc.propose.history import History
from nas_asc.propose.optuna_study import ModelStudy, admit_wish, to_candidate
from nas_asc.propose.repair import repair
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.study import StudyConfig

POPULATION = 20
_CHILDREN = 64
_STREAM = 2**32 - 3  # no trial has this number

_Sampler = NSGAIISampler | NSGAIIISampler
_SAMPLERS: dict[str, Callable[..., _Sampler]] = {"nsga2": NSGAIISampler, "nsga3": NSGAIIISampler}


class GeneticStrategy:
    """A child of the last generation's parents.

    Args:
        screen: Knows the space and what fits.
        config: Of the study.
        kind: "nsga2" or "nsga3".
    """

    def __init__(self, screen: Screen, config: StudyConfig, *, kind: str) -> None:
        self._kind = kind
        self._seed = config.seed
        self._model = ModelStudy(screen.space, n_objectives=len(config.minimised))
        self._known = (0, 0)  # count of the study, and the newest generation whose parents it keeps

    def __call__(self, screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
        """The first child that fits and is new; else the first one, shrunk; None in the first generation."""
        if len(history) < POPULATION:
            return None
        sampler = self._sampler(int(rng.integers(2**31)))
        study, parents = self._parents(history)
        children = (self._child(sampler, study, parents) for _ in range(_CHILDREN))
        first = None
        for params in children:
            candidate = to_candidate(screen.space, params)
            first = first or candidate
            proposal = admit_wish(candidate, screen, history, origin=self._kind)
            if proposal is not None:
                return proposal
        fitting = None if first is None else repair(first, screen, rng)
        return None if fitting is None else admit_wish(fitting, screen, history, origin=f"{self._kind}, shrunk")

    def _parents(self, history: History) -> tuple[optuna.Study, list[optuna.trial.FrozenTrial]]:
        key = self._sampler(0)._get_generation_key()
        attributes = [{key: row // POPULATION} for row in range(len(history))]
        study, newest = self._model.read(history, attributes), len(history) // POPULATION
        known = self._known[1] if self._known[0] == self._model.n_begun else 0
        parents: list[optuna.trial.FrozenTrial] = []
        for generation in range(min(known + 1, newest), newest + 1):  # the study keeps the parents of known ones
            seed = np.random.SeedSequence([self._seed, _STREAM, generation]).generate_state(1)[0]
            parents = self._sampler(int(seed)).get_parent_population(study, generation)
        self._known = self._model.n_begun, newest
        return study, sorted(parents, key=lambda trial: trial.number)

    def _child(self, sampler: _Sampler, study: optuna.Study, parents: list[optuna.trial.FrozenTrial]) -> dict[str, Any]:
        """Parameters of a child; the sampler leaves out those that mutate, which are drawn at random."""
        axes, trial = self._model.open_axes, self._model.dummy(len(parents))
        params = sampler._child_generation_strategy(study, axes, parents)
        return {
            name: params[name] if name in params else sampler.sample_independent(study, trial, name, axis)
            for name, axis in axes.items()
        }

    def _sampler(self, seed: int) -> _Sampler:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return _SAMPLERS[self._kind](population_size=POPULATION, seed=seed)
