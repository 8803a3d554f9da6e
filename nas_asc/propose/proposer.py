"""What proposes the next network: strategies in turns, one seam for all.

Conventions:
    Trial n's proposal is a function of the study's seed, n, and the finished trials alone: a study that was killed
    and resumed proposes what it would have proposed. What strategies remember is only what they could compute again.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import numpy as np

from nas_asc.errors import StudyError
from nas_asc.propose.evolution import propose_child
from nas_asc.propose.exhaustive import propose_exhaustive
from nas_asc.propose.fill import N_FIRST, FillStrategy
from nas_asc.propose.gp import GpStrategy
from nas_asc.propose.history import History, HistoryReader
from nas_asc.propose.local import LocalStrategy
from nas_asc.propose.optuna_sampler import POPULATION, OptunaStrategy, build_sampler
from nas_asc.propose.random_search import propose_apart, propose_full, propose_random
from nas_asc.propose.score_model import ScoreModels
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.propose.seconds import SecondsModels
from nas_asc.propose.tune import TuneStrategy
from nas_asc.propose.warm_start import warm_start
from nas_asc.study import GONE_SAMPLERS, OPTUNA_PREFIX, StudyConfig, TrialRecord

Strategy = Callable[[Screen, History, np.random.Generator], Proposal | None]
Turn = Callable[[int, History], Sequence[Strategy]]

BEST_SAMPLER = "gp"  # what "auto" stands for
_N_APART = 8
_MOST_RUNNING = 2  # of the first networks, while the best of the others is tuned
_EXPLORES = 3  # one proposal in so many is from all of the space


class Proposer(Protocol):
    """A strategy."""

    def propose(
        self,
        number: int,
        records: Sequence[TrialRecord],
        *,
        avoid: Collection[str] = (),
        running: Collection[str] = (),
    ) -> Proposal | None:
        """What trial `number` trains: it fits and is new; None where nothing new was found.

        Args:
            number: The number of the trial.
            records: All finished trials.
            avoid: Keys of designs that are not wanted, what is in training among them.
            running: Keys of designs in training.
        """


class TurnProposer:
    """Warm starts, then what the strategies whose turn it is find, then any random candidate.

    Args:
        screen: Knows the space and what fits.
        config: The config of the study.
        turn: Strategies to try one after the other, by the trial's number and what was tried.
    """

    def __init__(self, screen: Screen, config: StudyConfig, turn: Turn) -> None:
        self._screen = screen
        self._seed = config.seed
        self._turn = turn
        self._reader = HistoryReader(screen.space, minimised=config.minimised)
        self.starts = warm_start(screen, seed=config.seed) if config.warm_start else ()

    def propose(
        self,
        number: int,
        records: Sequence[TrialRecord],
        *,
        avoid: Collection[str] = (),
        running: Collection[str] = (),
    ) -> Proposal | None:
        """The next start, or what the first strategy to find something finds."""
        return self.choose(number, self._reader.read(records, avoid=avoid, running=running))

    def choose(self, number: int, history: History) -> Proposal | None:
        """As `propose`, of a history.

        Args:
            number: The number of the trial.
            history: All that was tried.
        """
        for start in self.starts:
            if start.design.key not in history.seen:
                return start
        rng = np.random.default_rng([self._seed, number])
        for strategy in (*self._turn(number, history), propose_random, propose_exhaustive):
            proposal = strategy(self._screen, history, rng)
            if proposal is not None:
                return proposal
        return None


def resolve_sampler(sampler: str) -> str:
    """Sampler of a new study: "auto" replaced by what it stands for, one of Optuna's checked.

    Args:
        sampler: As a user names it.

    Raises:
        StudyError: The sampler is gone, or is one of Optuna's that there is not, or that cannot be used here.
    """
    if sampler in GONE_SAMPLERS:
        raise StudyError(f'`sampler="{sampler}"` is gone. Use `sampler="{GONE_SAMPLERS[sampler]}"`.')
    if sampler.startswith(OPTUNA_PREFIX):
        build_sampler(sampler, seed=0)
    return BEST_SAMPLER if sampler == "auto" else sampler


def exploring_share(sampler: str) -> float:
    """Share of a study's proposals that are from all of the space, so probably of a front end that is new.

    Args:
        sampler: The sampler of the study's config.

    >>> exploring_share("random")
    1.0
    """
    return 1 / _EXPLORES if GONE_SAMPLERS.get(sampler, sampler) in ("auto", BEST_SAMPLER) else 1.0


def note_on_sampler(sampler: str) -> str | None:
    """What the user of an older study must know of its sampler; None where it still proposes as it did.

    Args:
        sampler: The sampler of the study's config.

    >>> note_on_sampler("handover")
    "the sampler 'handover' is gone; the study goes on with 'gp'"
    """
    successor = GONE_SAMPLERS.get(sampler)
    return successor and f"the sampler {sampler!r} is gone; the study goes on with {successor!r}"


def build_proposer(screen: Screen, config: StudyConfig) -> TurnProposer:
    """The strategy that the study asked for; of a sampler that is gone, its successor's.

    Args:
        screen: Knows the space and what fits.
        config: The config of the study.

    Raises:
        StudyError: A sampler of Optuna's was asked for that there is not, or that cannot be used here.
    """
    sampler = resolve_sampler(GONE_SAMPLERS.get(config.sampler, config.sampler))
    kind = OPTUNA_PREFIX if sampler.startswith(OPTUNA_PREFIX) else sampler
    return TurnProposer(screen, config, _TURNS[kind](screen, config))


def _random_turn(screen: Screen, config: StudyConfig) -> Turn:
    return lambda number, history: (propose_random,)


def _gp_turn(screen: Screen, config: StudyConfig) -> Turn:
    """First networks, a recipe for the best, growth into the limits; then small moves, one in three from everywhere.

    While the last of the first networks are in training, the best of the others is tuned already.
    """
    column = config.minimised.index(config.score)
    models, seconds = ScoreModels(screen.space, column=column), SecondsModels(screen, timeout_s=config.timeout_s)
    start, tune = _start(config), TuneStrategy(column=column, n_first=N_FIRST, seconds=seconds)
    fill = FillStrategy(column=column, seconds=seconds, tune=tune)
    everywhere = GpStrategy(screen, config, models, seconds)
    move = LocalStrategy(models, column=column, seconds=seconds)

    def turn(number: int, history: History) -> Sequence[Strategy]:
        if len(history) < N_FIRST - min(len(history.running), _MOST_RUNNING):
            return start(number)
        strategies = (everywhere, move) if number % _EXPLORES == 0 else (move, everywhere)
        return (tune, fill, *strategies, propose_child)

    return turn


def _tpe_turn(screen: Screen, config: StudyConfig) -> Turn:
    start, tpe = _start(config), OptunaStrategy(screen, config)

    def turn(number: int, history: History) -> Sequence[Strategy]:
        if len(history) < _N_APART:
            return start(number)
        return (propose_child,) if number % 4 == 0 else (tpe, propose_child)

    return turn


def _genetic_turn(screen: Screen, config: StudyConfig) -> Turn:
    start, genetic = _start(config), OptunaStrategy(screen, config)
    return lambda number, history: start(1) if len(history) < POPULATION else (genetic, propose_child)


def _optuna_turn(screen: Screen, config: StudyConfig) -> Turn:
    strategy = OptunaStrategy(screen, config)
    return lambda number, history: (strategy,)


def _start(config: StudyConfig) -> Callable[[int], Sequence[Strategy]]:
    """Before there is anything to learn from: candidates that cover the costs, or use the budget, and children."""
    first = propose_full if config.mode == "best" else propose_apart
    return lambda number: (first,) if number % 2 else (propose_child,)


_TURNS: dict[str, Callable[[Screen, StudyConfig], Turn]] = {
    "gp": _gp_turn,
    "tpe": _tpe_turn,
    "nsga2": _genetic_turn,
    "nsga3": _genetic_turn,
    "random": _random_turn,
    OPTUNA_PREFIX: _optuna_turn,
}
