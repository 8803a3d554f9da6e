"""What proposes the next network: one class a strategy, one seam for all.

Conventions:
    Trial n's proposal is a function of the study's seed, n, and the finished trials alone: a study that was killed
    and resumed proposes what it would have proposed.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import numpy as np

from nas_asc.search.evolution import propose_child
from nas_asc.search.history import History, read_history
from nas_asc.search.random_search import propose_apart, propose_random
from nas_asc.search.screen import Proposal, Screen
from nas_asc.search.tpe import propose_by_tpe
from nas_asc.search.warm_start import warm_start
from nas_asc.study import StudyConfig, TrialRecord

_Strategy = Callable[[Screen, History, np.random.Generator], Proposal | None]
_N_APART = 8


class Proposer(Protocol):
    """A strategy."""

    def propose(self, number: int, records: Sequence[TrialRecord], *, avoid: Collection[str] = ()) -> Proposal | None:
        """What trial `number` trains: it fits and is new; None where nothing new was found.

        Args:
            number: Of the trial.
            records: All finished trials.
            avoid: Keys of designs that are not wanted.
        """


class RandomProposer:
    """Feasible random search, the baseline.

    Args:
        screen: Knows the space and what fits.
        config: Of the study.
    """

    def __init__(self, screen: Screen, config: StudyConfig) -> None:
        self._screen = screen
        self._config = config

    def propose(self, number: int, records: Sequence[TrialRecord], *, avoid: Collection[str] = ()) -> Proposal | None:
        """A random candidate."""
        history = read_history(records, self._screen.space, minimised=self._config.minimised, avoid=avoid)
        return propose_random(self._screen, history, np.random.default_rng([self._config.seed, number]))


class TpeProposer:
    """Warm starts, then networks of unlike cost and children of the front, then mostly TPE.

    Args:
        screen: Knows the space and what fits.
        config: Of the study.
    """

    def __init__(self, screen: Screen, config: StudyConfig) -> None:
        self._screen = screen
        self._config = config
        self._starts = warm_start(screen, seed=config.seed)

    def propose(self, number: int, records: Sequence[TrialRecord], *, avoid: Collection[str] = ()) -> Proposal | None:
        """The next start, or what the strategy whose turn it is finds, or what any other finds."""
        history = read_history(records, self._screen.space, minimised=self._config.minimised, avoid=avoid)
        for start in self._starts:
            if start.design.key not in history.seen:
                return start
        rng = np.random.default_rng([self._config.seed, number])
        for strategy in self._turn(number, n_complete=len(history)):
            proposal = strategy(self._screen, history, rng)
            if proposal is not None:
                return proposal
        return None

    @staticmethod
    def _turn(number: int, *, n_complete: int) -> tuple[_Strategy, ...]:
        if n_complete < _N_APART:
            first = propose_apart if number % 2 else propose_child
        else:
            first = propose_child if number % 4 == 0 else propose_by_tpe
        return first, propose_child, propose_random


_PROPOSERS: dict[str, Callable[[Screen, StudyConfig], Proposer]] = {"tpe": TpeProposer, "random": RandomProposer}


def build_proposer(screen: Screen, config: StudyConfig) -> Proposer:
    """The strategy that the study asked for."""
    return _PROPOSERS[config.sampler](screen, config)
