"""The strategies that are compared: ours, and what a user would write with plain Optuna.

Conventions:
    A contestant spends the time of a world until `SpentError` is raised. Plain Optuna samples every axis of the
    flat space; what does not fit or breaks a requirement costs it no time, and is told as the strategy says.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from importlib.util import find_spec
from math import log10
from typing import Any

import numpy as np
import optuna

from nas_asc.pareto import front_ranks
from nas_asc.propose import Proposal, Proposer, Screen, TurnProposer, build_proposer
from nas_asc.propose.history import History
from nas_asc.propose.optuna_study import model_distributions
from nas_asc.propose.reference_point import reference_point
from nas_asc.study import RungRecord, StudyConfig, TrialRecord, choose_promotion, rung_entries
from tests.benchmarks.strategies.surrogate import TASK, build_screen
from tests.benchmarks.strategies.trainings import BUDGET, EPOCHS
from tests.benchmarks.strategies.world import World, to_record, to_scores
from tests.study.records import example_config

Contestant = Callable[[World, int], None]
Build = Callable[[Screen, StudyConfig], Proposer]
_REJECTIONS = 20_000  # in all: a loop that finds nothing more has ended
_STOPS = (2, 6, EPOCHS)
_ETA = 3
_WORST = [float(np.log(10)), 8.0, 6.0]  # log loss of a guess among ten classes, logarithms of MACs and bytes


def ours(
    sampler: str = "gp",
    *,
    mode: str = "pareto",
    warm_start: bool = True,
    rungs: tuple[int, ...] = (),
    eta: float = 3.0,
    build: Build = build_proposer,
) -> Contestant:
    """Our search, or another one that begins and proposes by our means.

    Args:
        sampler: As `--sampler` has it.
        mode: As `--mode` has it.
        warm_start: Whether guesses and published systems come first.
        rungs: Epochs after which trainings stop.
        eta: One in how many goes on.
        build: Makes what proposes.
    """

    def search(world: World, seed: int) -> None:
        config = our_config(sampler, seed, mode=mode, warm_start=warm_start, timeout_s=world.n_seconds)
        OurSearch(world, config, rungs=rungs, eta=eta, build=build).run()

    return search


def our_config(sampler: str, seed: int, **changes: Any) -> StudyConfig:
    """Config of a study on the table."""
    classes = tuple(f"scene {number}" for number in range(TASK.n_classes))
    config = replace(example_config(budget=BUDGET), sampler=sampler, seed=seed, classes=classes, **changes)
    return replace(config, reference_point=reference_point(config.objectives, build_screen(), seed=seed))


class OurSearch:
    """Our search on the table, which can be ended and gone on with at any trial.

    Args:
        world: Trains.
        config: Of the study.
        rungs: Epochs after which trainings stop.
        eta: One in how many goes on.
        records: What an earlier run left.
        build: Makes what proposes.
        epochs: Of a trial.
    """

    def __init__(
        self,
        world: World,
        config: StudyConfig,
        *,
        rungs: tuple[int, ...] = (),
        eta: float = 3.0,
        records: Sequence[TrialRecord] = (),
        build: Build = build_proposer,
        epochs: int = EPOCHS,
    ) -> None:
        self.records = list(records)
        self._world = world
        self._objectives = config.objectives
        self._stops, self._eta = (*rungs, epochs), eta
        self._proposer = build(build_screen(), config)

    def run(self, n_trials: int | None = None) -> None:
        """Go on until so many trials have begun or the time is spent.

        Raises:
            SpentError: No time is left.
        """
        while n_trials is None or len(self.records) < n_trials:
            entries = rung_entries(self.records, self._objectives) if len(self._stops) > 1 else ()
            number = choose_promotion(entries, eta=self._eta) if entries else None
            if number is not None:
                proposal = self._proposal_of(self.records[number])
                self.records[number] = self._go_on(proposal, self.records[number])
                continue
            proposal = self._proposer.propose(len(self.records), self.records)
            if proposal is None:
                return
            self.records.append(self._go_on(proposal, to_record(proposal, len(self.records), None)))

    def _proposal_of(self, record: TrialRecord) -> Proposal:
        candidate = self._world.screen.space.candidate_from(record.values)
        proposal = self._world.screen.admit(candidate, origin=record.origin)
        assert proposal is not None
        return proposal

    def _go_on(self, proposal: Proposal, record: TrialRecord) -> TrialRecord:
        """The trial at its next rung, or complete."""
        level, stops = len(record.rungs), self._stops
        before_s = self._world.spent_s
        log_loss = self._world.train(proposal, first=stops[level - 1] if level else 0, last=stops[level])
        seconds = record.seconds + self._world.spent_s - before_s
        if stops[level] == stops[-1]:
            return replace(to_record(proposal, record.number, log_loss, seconds=seconds), rungs=record.rungs)
        rung = RungRecord(epochs=stops[level], scores=to_scores(log_loss))
        return replace(record, state="stopped", rungs=(*record.rungs, rung), seconds=seconds)


def build_mutations(screen: Screen, config: StudyConfig) -> Proposer:
    """The guesses, then one or two axes of the best changed at random."""

    def mutate(screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
        best = history.candidates[int(np.argmin(history.values[:, config.minimised.index(config.score)]))]
        for _ in range(500):
            child = screen.space.mutate(best, rng)
            n_changed = sum(one != other for one, other in zip(best.code, child.code, strict=True))
            proposal = screen.admit(child, origin="mutation", seen=history.seen) if n_changed <= 2 else None
            if proposal is not None:
                return proposal
        return None

    return TurnProposer(screen, config, lambda number, n_complete: (mutate,))


def plain(
    build_sampler: Callable[[int], optuna.samplers.BaseSampler], *, prunes: bool = False, alone: bool = False
) -> Contestant:
    """A user's loop around plain Optuna.

    Args:
        build_sampler: Of a seed.
        prunes: Whether what does not fit raises TrialPruned; else its excess is told as a constraint, with the worst
            values, since it was never trained.
        alone: Whether the log loss is the only objective, beside the limits; else the costs are two more.
    """
    n_objectives = 1 if alone else len(_WORST)

    def search(world: World, seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(directions=["minimize"] * n_objectives, sampler=build_sampler(seed))
        distributions = model_distributions(world.screen.space)
        for _ in range(_REJECTIONS):
            trial = study.ask(distributions)
            proposal, excess = _admit(world, [trial.params[name] for name in distributions])
            if not prunes:
                trial.set_constraint("excess", excess)
            if proposal is not None:
                study.tell(trial, _values(proposal, world.train(proposal))[:n_objectives])
            elif prunes:
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            else:
                study.tell(trial, _WORST[:n_objectives])

    return search


def halving(world: World, seed: int) -> None:
    """Feasible random candidates, successive halving, promotion by plain non-dominated rank of scores and costs."""
    rng = np.random.default_rng(seed)
    rungs: list[list[tuple[Proposal, float]]] = [[] for _ in _STOPS]
    promoted: list[set[str]] = [set() for _ in _STOPS]
    seen: set[str] = set()
    while True:
        level, proposal = _next_promotion(rungs, promoted)
        if proposal is None:
            proposal, level = _draw_random(world, rng, seen), 0
        first = 0 if level == 0 else _STOPS[level - 1]
        rungs[level].append((proposal, world.train(proposal, first=first, last=_STOPS[level])))


def syne_tune(world: World, seed: int) -> None:
    """Feasible random candidates, of which syne-tune's MO-ASHA says at each rung which go on.

    Raises:
        ModuleNotFoundError: syne-tune is not installed.
    """
    from syne_tune.backend.trial_status import Trial
    from syne_tune.optimizer.schedulers.multiobjective.moasha import MOASHA

    np.random.seed(seed)  # it draws brackets from numpy's own generator
    rng, seen = np.random.default_rng(seed), set[str]()
    names = ["log_loss", "macs", "bytes"]
    scheduler = MOASHA({}, names, max_t=EPOCHS, grace_period=_STOPS[0], reduction_factor=_ETA, time_attr="epoch")
    while True:
        proposal = _draw_random(world, rng, seen)
        trial = Trial(len(seen), {}, datetime.now())
        scheduler.on_trial_add(trial)
        for first, last in zip((0, *_STOPS), _STOPS, strict=False):
            values = _values(proposal, world.train(proposal, first=first, last=last))
            if scheduler.on_trial_result(trial, dict(zip(names, values, strict=True)) | {"epoch": last}) == "STOP":
                break


def _draw_random(world: World, rng: np.random.Generator, seen: set[str]) -> Proposal:
    while True:
        candidates = world.screen.space.draw_many(rng, 64)
        found = world.screen.admit_all(candidates, origin="random", seen=seen, n_most=1)
        if found:
            seen.add(found[0].design.key)
            return found[0]


def _next_promotion(rungs: list[list[tuple[Proposal, float]]], promoted: list[set[str]]) -> tuple[int, Proposal | None]:
    for level in reversed(range(len(rungs) - 1)):
        rung = rungs[level]
        n_top = len(rung) // _ETA
        ranks = front_ranks([_values(proposal, log_loss) for proposal, log_loss in rung]) if n_top else []
        for row in np.argsort(ranks, kind="stable")[:n_top]:
            proposal = rung[row][0]
            if proposal.design.key not in promoted[level]:
                promoted[level].add(proposal.design.key)
                return level + 1, proposal
    return 0, None


def _admit(world: World, code: list[float]) -> tuple[Proposal | None, float]:
    screen = world.screen
    candidate = screen.space.decode(code)
    if screen.space.broken_requirement(candidate) is not None:
        return None, 10.0
    proposal = screen.admit(candidate, origin="plain")
    return proposal, 0.0 if proposal is not None else min(screen.excess(candidate), 10.0)


def _values(proposal: Proposal, log_loss: float) -> list[float]:
    return [log_loss, log10(max(proposal.cost.macs, 1)), log10(max(proposal.cost.int8_bytes, 1))]


def _tpe(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.TPESampler(seed=seed)


def _multivariate_tpe(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.TPESampler(seed=seed, multivariate=True)


def _nsga2(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.NSGAIISampler(seed=seed, population_size=20)


def _gp(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.GPSampler(seed=seed)


CONTESTANTS: dict[str, Contestant] = {
    "ours": ours(),
    "ours, best": ours(mode="best"),
    "ours, rung at a third": ours(rungs=_STOPS[1:2]),
    "ours without warm start": ours(warm_start=False),
    "guesses, then mutations": ours(build=build_mutations),
    "feasible random": ours("random", warm_start=False),
    "TPE, constraints": plain(_tpe),
    "TPE, log loss alone": plain(_tpe, alone=True),
    "multivariate TPE, pruned": plain(_multivariate_tpe, prunes=True),
    "NSGA-II of 20, constraints": plain(_nsga2),
    "GP, constraints": plain(_gp),
    "GP, log loss alone": plain(_gp, alone=True),
    "successive halving": halving,
    "MO-ASHA of syne-tune": syne_tune,
}


def available() -> list[str]:
    """Contestants whose libraries are installed: syne-tune is not among what the project's own extras install."""
    has_syne_tune = find_spec("syne_tune") is not None
    return [name for name in CONTESTANTS if has_syne_tune or CONTESTANTS[name] is not syne_tune]
